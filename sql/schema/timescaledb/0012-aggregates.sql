-- The rollup by TimescaleDB.
--
--   events  -> events_hourly -> chat_aggregates   continuous aggregates: counts and sums, by hour, then by day
--   returns -> returns_daily                      continuous aggregate: the sketches of returning users, by day
--
-- All three are real-time: what lies above an aggregate's watermark is read from the rows below it. An aggregate does not
-- show what is written below its watermark before its next refresh. So the trigger notes those days in touched, inside the
-- writer's own transaction, and the view live reads them from the raw rows. So here too an event shows when its transaction
-- commits, and a refresh changes no number.

CREATE MATERIALIZED VIEW daybook.events_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT project_id, @extschema:timescaledb@.time_bucket(interval '1 hour', occurred_at) AS bucket, kind,
       count(*) AS events, sum(value) AS score_sum
  FROM daybook.events
 GROUP BY 1, 2, 3
WITH NO DATA;
COMMENT ON VIEW   daybook.events_hourly IS
    'Continuous aggregate: one row per project, hour and kind that had an event.';
COMMENT ON COLUMN daybook.events_hourly.project_id IS 'The project.';
COMMENT ON COLUMN daybook.events_hourly.bucket     IS 'The start of the hour.';
COMMENT ON COLUMN daybook.events_hourly.kind       IS 'The kind of events.';
COMMENT ON COLUMN daybook.events_hourly.events     IS 'Their number.';
COMMENT ON COLUMN daybook.events_hourly.score_sum  IS 'The sum of their scores, exact; null where they have none.';

CREATE MATERIALIZED VIEW daybook.chat_aggregates
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT project_id, @extschema:timescaledb@.time_bucket(interval '1 day', bucket) AS bucket,
       daybook.spread(array_agg(kind), array_agg(events), 0::bigint) AS counts,
       daybook.spread(array_agg(kind), array_agg(score_sum), NULL::numeric) AS sums
  FROM daybook.events_hourly
 GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW   daybook.chat_aggregates IS
    'Continuous aggregate over events_hourly: one row per project and day that had an event.';
COMMENT ON COLUMN daybook.chat_aggregates.project_id IS 'The project.';
COMMENT ON COLUMN daybook.chat_aggregates.bucket     IS 'Midnight UTC, the start of the day.';
COMMENT ON COLUMN daybook.chat_aggregates.counts     IS 'Number of events by kind.';
COMMENT ON COLUMN daybook.chat_aggregates.sums       IS 'Sum of their scores by kind, exact; null where they have none.';
CREATE INDEX chat_aggregates_project_id_day_idx
    ON daybook.chat_aggregates (project_id, ((bucket AT TIME ZONE 'UTC')::date));

CREATE MATERIALIZED VIEW daybook.returns_daily
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT project_id, @extschema:timescaledb@.time_bucket(interval '1 day', day) AS day,
       daybook.sketch(array_agg(user_id)) AS returning_users
  FROM daybook.returns
 GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW   daybook.returns_daily IS
    'Continuous aggregate: one row per project and day that had a returning user.';
COMMENT ON COLUMN daybook.returns_daily.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.returns_daily.day             IS 'The day of return.';
COMMENT ON COLUMN daybook.returns_daily.returning_users IS 'Who returned on it.';

-- TimescaleDB looks up the watermark of an aggregate, and for that asks the user for the right to read it, even behind a view
-- of the owner's. The aggregates tell more than daybook_v1 does: counts by the hour, and whether a user whose name is known
-- returned.
GRANT SELECT ON daybook.events_hourly, daybook.chat_aggregates, daybook.returns_daily
    TO daybook_responder, daybook_reader;
-- The rows above a watermark are added up for who asks.
GRANT EXECUTE ON FUNCTION daybook.spread(daybook.event_kind[], anyarray, anyelement) TO daybook_responder, daybook_reader;
