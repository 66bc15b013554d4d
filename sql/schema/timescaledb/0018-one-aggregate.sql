-- One continuous aggregate for all days that are over, and increments for the rest.
--
--   events -> chat_aggregates                  continuous aggregate: settled days
--   events -> pending -> daily                 increments: of all other days, and what comes late to a settled one
--
-- What is shown is the sum of the three. When the aggregate gets or loses a row, a trigger takes the same numbers from
-- daily, or puts them there, in the same transaction. So no number depends on when a day is aggregated, or by whom.

DROP MATERIALIZED VIEW daybook.returns_daily;
DROP MATERIALIZED VIEW daybook.chat_aggregates;
DROP MATERIALIZED VIEW daybook.events_hourly;
DROP TABLE daybook.returns;
DROP TABLE daybook.touched;
DROP TABLE daybook.refreshed;
DROP SEQUENCE daybook.refreshes;
DROP TABLE daybook.freshness;
DROP TABLE daybook.changes;

CREATE TABLE daybook.pending (
    project_id      text COLLATE "C" NOT NULL,
    day             date        NOT NULL,
    kind            daybook.event_kind,
    events          bigint,
    score_sum       numeric,
    returning_users @extschema:hll@.hll,
    added_at        timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX pending_project_id_day_idx ON daybook.pending (project_id, day);
CREATE INDEX pending_project_id_added_at_idx ON daybook.pending (project_id, added_at);
COMMENT ON TABLE  daybook.pending IS
    'Increments to daily: one row per writing statement, project, day and kind. Append-only; refresh() folds it into '
    'daily.';
COMMENT ON COLUMN daybook.pending.project_id IS 'The project.';
COMMENT ON COLUMN daybook.pending.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.pending.kind       IS 'The kind of events; null: the row brings returning users alone.';
COMMENT ON COLUMN daybook.pending.events     IS 'How many events more.';
COMMENT ON COLUMN daybook.pending.score_sum  IS 'How much more their scores sum up to; null where they have none.';
COMMENT ON COLUMN daybook.pending.returning_users IS 'daybook.sketch() of users who returned on the day; null: none.';
COMMENT ON COLUMN daybook.pending.added_at   IS 'When the writing statement added it.';

CREATE TABLE daybook.versions (
    project_id text COLLATE "C" CONSTRAINT versions_pkey PRIMARY KEY,
    latest     bigint NOT NULL,
    late       bigint NOT NULL,
    first_day  date
) WITH (fillfactor = 70);
COMMENT ON TABLE  daybook.versions IS
    'What each project''s pages rest on: written by refresh(), and when a project is registered or renamed.';
COMMENT ON COLUMN daybook.versions.project_id IS 'The project.';
COMMENT ON COLUMN daybook.versions.latest IS
    'Of its latest change: microseconds since 1970, or one more than before. Never the same twice, not even in a '
    'database restored from a backup. 1: there was none yet.';
COMMENT ON COLUMN daybook.versions.late IS
    'Of its latest change to a day that was settled by then, or would be by the next midnight; below 0: there was none.';
COMMENT ON COLUMN daybook.versions.first_day IS
    'The first day that has an event; null: there is none. What is pending may have an earlier one.';

COMMENT ON TABLE daybook.daily IS
    'The rollup of what chat_aggregates does not have: days that are not settled, what came late to others, and days '
    'whose raw events have been dropped. To be added to it.';
ALTER TABLE daybook.daily SET (autovacuum_vacuum_scale_factor = 0.01);

CREATE TABLE daybook.aggregated (
    up_to   date    NOT NULL,
    is_only boolean NOT NULL DEFAULT true CONSTRAINT aggregated_pkey PRIMARY KEY,
    CONSTRAINT aggregated_only_row CHECK (is_only)
);
COMMENT ON TABLE  daybook.aggregated IS 'How far refreshes have aggregated what there was.';
COMMENT ON COLUMN daybook.aggregated.up_to   IS 'The days before this one have been.';
COMMENT ON COLUMN daybook.aggregated.is_only IS 'Keeps it to one row.';
COMMENT ON CONSTRAINT aggregated_only_row ON daybook.aggregated IS 'there is one horizon';
INSERT INTO daybook.aggregated (up_to) VALUES ('-infinity');

-- The aggregate rests on these. They count before they spread: the loop of spread() is then as long as there are kinds.
CREATE FUNCTION daybook.tallied(kinds daybook.event_kind[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT daybook.spread(array_agg(n.kind), array_agg(n.events), 0::bigint)
          FROM (SELECT k.kind, count(*) AS events FROM unnest(kinds) AS k (kind) GROUP BY k.kind) AS n);
COMMENT ON FUNCTION daybook.tallied(daybook.event_kind[]) IS 'How often each kind is there, in the place of the kind.';
REVOKE EXECUTE ON FUNCTION daybook.tallied(daybook.event_kind[]) FROM PUBLIC;

CREATE FUNCTION daybook.tallied(kinds daybook.event_kind[], scores numeric[]) RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT daybook.spread(array_agg(n.kind), array_agg(n.score_sum), NULL::numeric)
          FROM (SELECT k.kind, sum(k.score) AS score_sum FROM unnest(kinds, scores) AS k (kind, score) GROUP BY k.kind)
               AS n);
COMMENT ON FUNCTION daybook.tallied(daybook.event_kind[], numeric[]) IS
    'The sum of the scores of each kind, exact, in the place of the kind; null where there are none.';
REVOKE EXECUTE ON FUNCTION daybook.tallied(daybook.event_kind[], numeric[]) FROM PUBLIC;

-- sql/code/10-measures.sql says what it does, and replaces this. The aggregate needs it to be there.
CREATE OR REPLACE FUNCTION daybook.is_activity(kind daybook.event_kind) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN NULL::boolean;

-- A refresh counts a day afresh from its raw events. Who returned is decided by what users says at that moment. What it says
-- otherwise later on comes as an increment, or the day is taken out of the aggregate: see settle_returns().
--
-- Few chunks, as a page looks into each: ten years each have one.
CREATE MATERIALIZED VIEW daybook.chat_aggregates
WITH (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.create_group_indexes = false,
      timescaledb.chunk_interval = '3640 days') AS
SELECT e.project_id, @extschema:timescaledb@.time_bucket(interval '1 day', e.occurred_at) AS bucket,
       daybook.tallied(array_agg(e.kind)) AS counts,
       daybook.tallied(array_agg(e.kind), array_agg(e.value)) AS sums,
       daybook.sketch(array_agg(e.user_id) FILTER (WHERE daybook.is_activity(e.kind)
                                                     AND u.first_day < (e.occurred_at AT TIME ZONE 'UTC')::date))
           AS returning_users
  FROM daybook.events e
  LEFT JOIN daybook.users u ON u.project_id = e.project_id AND u.user_id = e.user_id
 GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW   daybook.chat_aggregates IS
    'Continuous aggregate: one row per project and settled day that had an event.';
COMMENT ON COLUMN daybook.chat_aggregates.project_id IS 'The project.';
COMMENT ON COLUMN daybook.chat_aggregates.bucket     IS 'Midnight UTC, the start of the day.';
COMMENT ON COLUMN daybook.chat_aggregates.counts     IS 'Number of events by kind.';
COMMENT ON COLUMN daybook.chat_aggregates.sums       IS 'Sum of their scores by kind, exact; null where they have none.';
COMMENT ON COLUMN daybook.chat_aggregates.returning_users IS
    'daybook.sketch() of the users active on the day and first seen before it; null: none.';
CREATE INDEX chat_aggregates_project_id_day_idx
    ON daybook.chat_aggregates (project_id, ((bucket AT TIME ZONE 'UTC')::date));
