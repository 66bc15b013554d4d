-- What the responder and BI tools read: one view per endpoint, one row per project and day that had an
-- event, rolled-up and pending together. A KPI is defined here and nowhere else.

-- sum() of bigint goes by way of numeric, for sums that no count comes to: it would be a quarter of a year's page.
CREATE AGGREGATE daybook.total(bigint) (
    SFUNC = int8pl, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE daybook.total(bigint) IS 'The sum of integers, 0 of none; fails above 2^63 - 1.';
REVOKE EXECUTE ON FUNCTION daybook.total(bigint) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.total(bigint) TO daybook_responder, daybook_reader;

CREATE VIEW daybook_v1.messages_daily AS
SELECT project_id, day,
       daybook.total(inbound_messages)  AS inbound_messages,
       daybook.total(outbound_messages) AS outbound_messages,
       daybook.total(positive_feedback) AS positive_feedback,
       daybook.total(negative_feedback) AS negative_feedback,
       daybook.total(ht_requests)       AS ht_requests,
       daybook.total(ht_starts)         AS ht_starts
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook_v1.messages_daily IS 'Messages, feedback and human takeover by project and day.';
COMMENT ON COLUMN daybook_v1.messages_daily.project_id        IS 'The project.';
COMMENT ON COLUMN daybook_v1.messages_daily.day               IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook_v1.messages_daily.inbound_messages  IS 'Messages sent by users to the agent.';
COMMENT ON COLUMN daybook_v1.messages_daily.outbound_messages IS 'Messages sent by the agent to users.';
COMMENT ON COLUMN daybook_v1.messages_daily.positive_feedback IS 'Thumbs up.';
COMMENT ON COLUMN daybook_v1.messages_daily.negative_feedback IS 'Thumbs down.';
COMMENT ON COLUMN daybook_v1.messages_daily.ht_requests       IS 'Requests for a human agent.';
COMMENT ON COLUMN daybook_v1.messages_daily.ht_starts         IS 'Human takeovers actually started.';

CREATE VIEW daybook_v1.chats_daily AS
SELECT project_id, day, daybook.total(chats) AS count
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook_v1.chats_daily IS 'Chats started by project and day.';
COMMENT ON COLUMN daybook_v1.chats_daily.project_id IS 'The project.';
COMMENT ON COLUMN daybook_v1.chats_daily.day        IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook_v1.chats_daily.count      IS 'Chats started on the day.';

-- A user is active by an event at least, which bounds what a sketch may say: one can be spoilt on purpose, by users whose
-- names have been chosen for their hashes, until its estimate is no number.
CREATE VIEW daybook_v1.users_daily AS
SELECT project_id, day,
       least(round(coalesce(@extschema:hll@.hll_cardinality(@extschema:hll@.hll_union_agg(users)), 0)),
             daybook.total(active))::bigint AS unique_users
  FROM (SELECT project_id, day, returning_users AS users, chats + inbound_messages AS active FROM daybook.live
        UNION ALL
        SELECT project_id, day, @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(user_id, 0), 12, 5, -1, 1), 0
          FROM daybook.sighted_returns GROUP BY project_id, day) AS sketches
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook_v1.users_daily IS 'Returning users by project and day.';
COMMENT ON COLUMN daybook_v1.users_daily.project_id   IS 'The project.';
COMMENT ON COLUMN daybook_v1.users_daily.day          IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook_v1.users_daily.unique_users IS
    'Distinct users who started a chat or sent a message on the day and were first seen before it. '
    'HyperLogLog: exact for small numbers, then a standard error of 1.6 %.';

CREATE VIEW daybook_v1.csat_daily AS
SELECT project_id, day,
       daybook.total(csat_count)                                      AS total,
       round(sum(csat_sum) / nullif(daybook.total(csat_count), 0), 2) AS avg_score
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook_v1.csat_daily IS 'Customer satisfaction by project and day.';
COMMENT ON COLUMN daybook_v1.csat_daily.project_id IS 'The project.';
COMMENT ON COLUMN daybook_v1.csat_daily.day        IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook_v1.csat_daily.total      IS 'CSAT responses.';
COMMENT ON COLUMN daybook_v1.csat_daily.avg_score  IS
    'Their average, 1 to 5, rounded half away from zero to 2 decimals; null where there is none.';

CREATE VIEW daybook_v1.ai_quality_daily AS
SELECT project_id, day,
       round(sum(ai_quality_sum) / nullif(daybook.total(ai_quality_count), 0), 2) AS score,
       daybook.total(ai_quality_count)                                            AS sample_size
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook_v1.ai_quality_daily IS 'AI quality by project and day.';
COMMENT ON COLUMN daybook_v1.ai_quality_daily.project_id  IS 'The project.';
COMMENT ON COLUMN daybook_v1.ai_quality_daily.day         IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook_v1.ai_quality_daily.score       IS
    'Average of the scores, 0 to 1, rounded half away from zero to 2 decimals; null where there is none.';
COMMENT ON COLUMN daybook_v1.ai_quality_daily.sample_size IS 'Number of scores.';

CREATE VIEW daybook_v1.errors_daily AS
SELECT project_id, day, daybook.total(api_errors) AS error_count
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook_v1.errors_daily IS 'Technical errors by project and day.';
COMMENT ON COLUMN daybook_v1.errors_daily.project_id  IS 'The project.';
COMMENT ON COLUMN daybook_v1.errors_daily.day         IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook_v1.errors_daily.error_count IS 'api_error events of the day.';

GRANT SELECT ON ALL TABLES IN SCHEMA daybook_v1 TO daybook_responder, daybook_reader;
