-- The KPIs: a view each, with one row per project and day that had an event. daybook_v1 publishes them.

CREATE OR REPLACE VIEW daybook.messages_daily AS
SELECT project_id, day,
       daybook.total(daybook.number_of(counts, 'inbound_message'))  AS inbound_messages,
       daybook.total(daybook.number_of(counts, 'outbound_message')) AS outbound_messages,
       daybook.total(daybook.number_of(counts, 'positive_feedback')) AS positive_feedback,
       daybook.total(daybook.number_of(counts, 'negative_feedback')) AS negative_feedback,
       daybook.total(daybook.number_of(counts, 'ht_request'))       AS ht_requests,
       daybook.total(daybook.number_of(counts, 'ht_start'))         AS ht_starts
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.messages_daily IS 'Messages, feedback and human takeover by project and day.';
COMMENT ON COLUMN daybook.messages_daily.project_id        IS 'The project.';
COMMENT ON COLUMN daybook.messages_daily.day               IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.messages_daily.inbound_messages  IS 'Messages sent by users to the agent.';
COMMENT ON COLUMN daybook.messages_daily.outbound_messages IS 'Messages sent by the agent to users.';
COMMENT ON COLUMN daybook.messages_daily.positive_feedback IS 'Thumbs up.';
COMMENT ON COLUMN daybook.messages_daily.negative_feedback IS 'Thumbs down.';
COMMENT ON COLUMN daybook.messages_daily.ht_requests       IS 'Requests for a human agent.';
COMMENT ON COLUMN daybook.messages_daily.ht_starts         IS 'Human takeovers actually started.';
CALL daybook.publish('messages_daily', 'page_messages_daily');

CREATE OR REPLACE VIEW daybook.chats_daily AS
SELECT project_id, day, daybook.total(daybook.number_of(counts, 'chat_start')) AS count
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.chats_daily IS 'Chats started by project and day.';
COMMENT ON COLUMN daybook.chats_daily.project_id IS 'The project.';
COMMENT ON COLUMN daybook.chats_daily.day        IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.chats_daily.count      IS 'Chats started on the day.';
CALL daybook.publish('chats_daily', 'page_chats_daily');

-- Each active user has an event of activity, so the number of these bounds what a sketch may say. Without a bound, users
-- whose names were chosen for their hashes could spoil a sketch until its estimate is no number.
CREATE OR REPLACE VIEW daybook.users_daily AS
SELECT project_id, day,
       least(round(coalesce(@extschema:hll@.hll_cardinality(@extschema:hll@.hll_union_agg(users)), 0)),
             daybook.total(active))::bigint AS unique_users
  FROM (SELECT project_id, day, returning_users AS users, daybook.activity(counts) AS active FROM daybook.live
        UNION ALL
        SELECT project_id, day, returning_users, 0 FROM daybook.sighted) AS sketches
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.users_daily IS 'Returning users by project and day.';
COMMENT ON COLUMN daybook.users_daily.project_id   IS 'The project.';
COMMENT ON COLUMN daybook.users_daily.day          IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.users_daily.unique_users IS
    'Distinct users who started a chat or sent a message on the day and were first seen before it. '
    'HyperLogLog: exact for small numbers, then a standard error of 1.6 %.';
CALL daybook.publish('users_daily', 'page_users_daily');

CREATE OR REPLACE VIEW daybook.csat_daily AS
SELECT project_id, day, daybook.total(number) AS total, round(sum(score_sum) / nullif(daybook.total(number), 0), 2) AS avg_score
  FROM (SELECT project_id, day, daybook.number_of(counts, 'csat') AS number, daybook.sum_of(sums, 'csat') AS score_sum
          FROM daybook.live) AS responses
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.csat_daily IS 'Customer satisfaction by project and day.';
COMMENT ON COLUMN daybook.csat_daily.project_id IS 'The project.';
COMMENT ON COLUMN daybook.csat_daily.day        IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.csat_daily.total      IS 'CSAT responses.';
COMMENT ON COLUMN daybook.csat_daily.avg_score  IS
    'Their average, 1 to 5, rounded half away from zero to 2 decimals; null where there is none.';
CALL daybook.publish('csat_daily', 'page_csat_daily');

CREATE OR REPLACE VIEW daybook.ai_quality_daily AS
SELECT project_id, day, round(sum(score_sum) / nullif(daybook.total(number), 0), 2) AS score, daybook.total(number) AS sample_size
  FROM (SELECT project_id, day, daybook.number_of(counts, 'ai_quality') AS number,
               daybook.sum_of(sums, 'ai_quality') AS score_sum
          FROM daybook.live) AS samples
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.ai_quality_daily IS 'AI quality by project and day.';
COMMENT ON COLUMN daybook.ai_quality_daily.project_id  IS 'The project.';
COMMENT ON COLUMN daybook.ai_quality_daily.day         IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.ai_quality_daily.score       IS
    'Average of the scores, 0 to 1, rounded half away from zero to 2 decimals; null where there is none.';
COMMENT ON COLUMN daybook.ai_quality_daily.sample_size IS 'Number of scores.';
CALL daybook.publish('ai_quality_daily', 'page_ai_quality_daily');

CREATE OR REPLACE VIEW daybook.errors_daily AS
SELECT project_id, day, daybook.total(daybook.number_of(counts, 'api_error')) AS error_count
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.errors_daily IS 'Technical errors by project and day.';
COMMENT ON COLUMN daybook.errors_daily.project_id  IS 'The project.';
COMMENT ON COLUMN daybook.errors_daily.day         IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.errors_daily.error_count IS 'api_error events of the day.';
CALL daybook.publish('errors_daily', 'page_errors_daily');
