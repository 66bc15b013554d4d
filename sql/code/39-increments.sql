-- What the KPIs are added up from, and the rules that several of them share. Each stands here, once.

CREATE OR REPLACE VIEW daybook.measured AS
SELECT project_id, day,
       daybook.number_of(counts, 'chat_start')        AS chats,
       daybook.number_of(counts, 'inbound_message')   AS inbound_messages,
       daybook.number_of(counts, 'outbound_message')  AS outbound_messages,
       daybook.number_of(counts, 'positive_feedback') AS positive_feedback,
       daybook.number_of(counts, 'negative_feedback') AS negative_feedback,
       daybook.number_of(counts, 'ht_request')        AS ht_requests,
       daybook.number_of(counts, 'ht_start')          AS ht_starts,
       daybook.number_of(counts, 'csat')              AS csat_total,
       daybook.sum_of(sums, 'csat')                   AS csat_sum,
       daybook.number_of(counts, 'ai_quality')        AS ai_quality_sample_size,
       daybook.sum_of(sums, 'ai_quality')             AS ai_quality_sum,
       daybook.number_of(counts, 'api_error')         AS error_count,
       daybook.activity(counts)                       AS active,
       returning_users                                AS users,
       returned
  FROM daybook.live;
COMMENT ON VIEW   daybook.measured IS 'live, with the places of its arrays by name: to be added up.';
COMMENT ON COLUMN daybook.measured.project_id        IS 'The project.';
COMMENT ON COLUMN daybook.measured.day               IS 'The day, UTC.';
COMMENT ON COLUMN daybook.measured.chats             IS 'Chats started.';
COMMENT ON COLUMN daybook.measured.inbound_messages  IS 'Messages sent by users to the agent.';
COMMENT ON COLUMN daybook.measured.outbound_messages IS 'Messages sent by the agent to users.';
COMMENT ON COLUMN daybook.measured.positive_feedback IS 'Thumbs up.';
COMMENT ON COLUMN daybook.measured.negative_feedback IS 'Thumbs down.';
COMMENT ON COLUMN daybook.measured.ht_requests       IS 'Requests for a human agent.';
COMMENT ON COLUMN daybook.measured.ht_starts         IS 'Human takeovers actually started.';
COMMENT ON COLUMN daybook.measured.csat_total        IS 'CSAT responses.';
COMMENT ON COLUMN daybook.measured.csat_sum          IS 'The sum of their scores; null: there are none.';
COMMENT ON COLUMN daybook.measured.ai_quality_sample_size IS 'AI quality scores.';
COMMENT ON COLUMN daybook.measured.ai_quality_sum    IS 'Their sum; null: there are none.';
COMMENT ON COLUMN daybook.measured.error_count       IS 'api_error events.';
COMMENT ON COLUMN daybook.measured.active            IS 'Events that make their users active.';
COMMENT ON COLUMN daybook.measured.users             IS 'Sketch of users who returned, to be united.';
COMMENT ON COLUMN daybook.measured.returned          IS
    'How many returned by a sketch that is kept elsewhere, as it is estimated; null: there is none.';

-- Only what shows returning users reads this: the users who are in no sketch yet take time to look up.
CREATE OR REPLACE VIEW daybook.sketched AS
SELECT * FROM daybook.measured
UNION ALL
SELECT project_id, day, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
       NULL::bigint, NULL::bigint, NULL::numeric, NULL::bigint, NULL::numeric, NULL::bigint, NULL::bigint, returning_users,
       NULL::double precision
  FROM daybook.sighted;
COMMENT ON VIEW daybook.sketched IS 'measured, and the sketches of the users who are in none yet.';
CALL daybook.comment_columns_as('daybook.sketched', 'daybook.measured');

-- Each active user has an event of activity, so the number of these bounds what a sketch may say. Without a bound,
-- users whose names were chosen for their hashes could spoil a sketch until its estimate is no number.
CREATE OR REPLACE FUNCTION daybook.distinct_users(estimated double precision, active bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(round(coalesce(estimated, 0)), active)::bigint;
COMMENT ON FUNCTION daybook.distinct_users(double precision, bigint) IS
    'The number of users by what a sketch comes to, at most that of the events that made users active; 0 for null.';
REVOKE EXECUTE ON FUNCTION daybook.distinct_users(double precision, bigint) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.distinct_users(double precision, bigint) TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.distinct_users(users @extschema:hll@.hll, active bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN daybook.distinct_users(@extschema:hll@.hll_cardinality(users), active);
COMMENT ON FUNCTION daybook.distinct_users(@extschema:hll@.hll, bigint) IS
    'The number of users in a sketch, at most that of the events that made users active; 0 of no sketch.';
REVOKE EXECUTE ON FUNCTION daybook.distinct_users(@extschema:hll@.hll, bigint) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.distinct_users(@extschema:hll@.hll, bigint) TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.quotient(dividend numeric, divisor numeric, places integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(dividend / nullif(divisor, 0), places);
COMMENT ON FUNCTION daybook.quotient(numeric, numeric, integer) IS
    'A quotient, rounded half away from zero to so many decimals; null by 0.';
REVOKE EXECUTE ON FUNCTION daybook.quotient(numeric, numeric, integer) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.quotient(numeric, numeric, integer) TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.shortest(amount numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trim_scale(coalesce(amount, 0));
COMMENT ON FUNCTION daybook.shortest(numeric) IS 'An exact number without trailing zeros; 0 for null.';
REVOKE EXECUTE ON FUNCTION daybook.shortest(numeric) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.shortest(numeric) TO daybook_responder, daybook_reader;
