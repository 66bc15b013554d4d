-- The KPIs: a view each, with one row per project and day that had an event. daybook_v1 publishes them.

CREATE OR REPLACE VIEW daybook.messages_daily AS
SELECT project_id, day,
       daybook.total(inbound_messages) AS inbound_messages,
       daybook.total(outbound_messages) AS outbound_messages,
       daybook.total(positive_feedback) AS positive_feedback,
       daybook.total(negative_feedback) AS negative_feedback,
       daybook.total(ht_requests) AS ht_requests,
       daybook.total(ht_starts) AS ht_starts
  FROM daybook.measured
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
SELECT project_id, day, daybook.total(chats) AS count
  FROM daybook.measured
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.chats_daily IS 'Chats started by project and day.';
COMMENT ON COLUMN daybook.chats_daily.project_id IS 'The project.';
COMMENT ON COLUMN daybook.chats_daily.day        IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.chats_daily.count      IS 'Chats started on the day.';
CALL daybook.publish('chats_daily', 'page_chats_daily');

CREATE OR REPLACE VIEW daybook.users_daily AS
SELECT project_id, day, daybook.distinct_users(returned, active) AS unique_users
  FROM daybook.totals;
COMMENT ON VIEW   daybook.users_daily IS 'Returning users by project and day.';
COMMENT ON COLUMN daybook.users_daily.project_id   IS 'The project.';
COMMENT ON COLUMN daybook.users_daily.day          IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.users_daily.unique_users IS
    'Distinct users who started a chat or sent a message on the day and were first seen before it. '
    'HyperLogLog: exact for small numbers, then a standard error of 1.6 %.';
CALL daybook.publish('users_daily', 'page_users_daily');

CREATE OR REPLACE VIEW daybook.csat_daily AS
SELECT project_id, day, daybook.total(csat_total) AS total,
       daybook.quotient(sum(csat_sum), daybook.total(csat_total), 2) AS avg_score
  FROM daybook.measured
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.csat_daily IS 'Customer satisfaction by project and day.';
COMMENT ON COLUMN daybook.csat_daily.project_id IS 'The project.';
COMMENT ON COLUMN daybook.csat_daily.day        IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.csat_daily.total      IS 'CSAT responses.';
COMMENT ON COLUMN daybook.csat_daily.avg_score  IS
    'Their average, 1 to 5, rounded half away from zero to 2 decimals; null where there is none.';
CALL daybook.publish('csat_daily', 'page_csat_daily');

CREATE OR REPLACE VIEW daybook.ai_quality_daily AS
SELECT project_id, day, daybook.quotient(sum(ai_quality_sum), daybook.total(ai_quality_sample_size), 2) AS score,
       daybook.total(ai_quality_sample_size) AS sample_size
  FROM daybook.measured
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.ai_quality_daily IS 'AI quality by project and day.';
COMMENT ON COLUMN daybook.ai_quality_daily.project_id  IS 'The project.';
COMMENT ON COLUMN daybook.ai_quality_daily.day         IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.ai_quality_daily.score       IS
    'Average of the scores, 0 to 1, rounded half away from zero to 2 decimals; null where there is none.';
COMMENT ON COLUMN daybook.ai_quality_daily.sample_size IS 'Number of scores.';
CALL daybook.publish('ai_quality_daily', 'page_ai_quality_daily');

CREATE OR REPLACE VIEW daybook.errors_daily AS
SELECT project_id, day, daybook.total(error_count) AS error_count
  FROM daybook.measured
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.errors_daily IS 'Technical errors by project and day.';
COMMENT ON COLUMN daybook.errors_daily.project_id  IS 'The project.';
COMMENT ON COLUMN daybook.errors_daily.day         IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.errors_daily.error_count IS 'api_error events of the day.';
CALL daybook.publish('errors_daily', 'page_errors_daily');
