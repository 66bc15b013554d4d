-- All that the aggregates, touched days and daily show goes into daily, as the view live of before had it: the next refresh
-- aggregates it anew. Writers wait for the end of this migrate.

LOCK TABLE daybook.events IN SHARE ROW EXCLUSIVE MODE;

CREATE TEMPORARY TABLE shown_before ON COMMIT DROP AS
SELECT a.project_id, a.day, daybook.spread(array_agg(a.kind), array_agg(a.events), 0::bigint) AS counts,
       daybook.spread(array_agg(a.kind), array_agg(a.score_sum), NULL::numeric) AS sums,
       @extschema:hll@.hll_union_agg(a.users) AS returning_users
  FROM (SELECT c.project_id, (c.bucket AT TIME ZONE 'UTC')::date AS day, (enum_range(NULL::daybook.event_kind))[slot] AS kind,
               c.counts[slot] AS events, c.sums[slot] AS score_sum, NULL::@extschema:hll@.hll AS users
          FROM daybook.chat_aggregates c, generate_subscripts(c.counts, 1) AS slot
         WHERE NOT EXISTS (SELECT FROM daybook.touched t
                            WHERE t.project_id = c.project_id AND t.day = (c.bucket AT TIME ZONE 'UTC')::date)
        UNION ALL
        SELECT r.project_id, r.day, NULL, NULL, NULL, r.returning_users
          FROM daybook.returns_daily r
         WHERE NOT EXISTS (SELECT FROM daybook.touched t WHERE t.project_id = r.project_id AND t.day = r.day)
        UNION ALL
        SELECT t.project_id, t.day, e.kind, count(*), sum(e.value), NULL
          FROM (SELECT DISTINCT project_id, day FROM daybook.touched) AS t
          JOIN daybook.events e ON e.project_id = t.project_id
                               AND e.occurred_at >= t.day::timestamp AT TIME ZONE 'UTC'
                               AND e.occurred_at < (t.day + 1)::timestamp AT TIME ZONE 'UTC'
         GROUP BY t.project_id, t.day, e.kind
        UNION ALL
        SELECT t.project_id, t.day, NULL, NULL, NULL, daybook.sketch(array_agg(r.user_id))
          FROM (SELECT DISTINCT project_id, day FROM daybook.touched) AS t
          JOIN daybook.returns r ON r.project_id = t.project_id AND r.day = t.day
         GROUP BY t.project_id, t.day
        UNION ALL
        SELECT d.project_id, d.day, (enum_range(NULL::daybook.event_kind))[slot], d.counts[slot], d.sums[slot], NULL
          FROM daybook.daily d, generate_subscripts(d.counts, 1) AS slot
        UNION ALL
        SELECT d.project_id, d.day, NULL, NULL, NULL, d.returning_users FROM daybook.daily d) AS a
 GROUP BY a.project_id, a.day;

TRUNCATE daybook.daily;
INSERT INTO daybook.daily (project_id, day, counts, sums, returning_users)
SELECT s.project_id, s.day, s.counts, s.sums, s.returning_users
  FROM shown_before s
 ORDER BY s.project_id, s.day;

CREATE TEMPORARY TABLE known_before ON COMMIT DROP AS
SELECT s.project_id, min(s.day) AS first_day, max(s.changed_at) AS changed_at
  FROM (SELECT f.project_id, f.first_day AS day, f.changed_at FROM daybook.freshness f
        UNION ALL
        SELECT c.project_id, c.day, c.added_at FROM daybook.changes c) AS s
 GROUP BY s.project_id;

-- What stands on the tables that go, and is made anew, or not at all. Views that others see must live on.
CREATE OR REPLACE VIEW daybook.live AS
SELECT project_id, day, counts, sums, returning_users FROM daybook.daily;
DROP VIEW IF EXISTS daybook.live_by_kind;
CREATE OR REPLACE VIEW daybook.first_days AS
SELECT project_id, NULL::date AS first_day FROM daybook.projects;
DROP FUNCTION IF EXISTS daybook.bound_chunks();
DROP FUNCTION IF EXISTS daybook.page_state(text, date, date);
DROP FUNCTION IF EXISTS daybook.settle_changes();
DROP FUNCTION IF EXISTS daybook.settle_users();
DROP FUNCTION IF EXISTS daybook.settle_first_days(text);
DROP FUNCTION IF EXISTS daybook.vitals();
DROP FUNCTION IF EXISTS daybook.store_vitals();
DROP FUNCTION IF EXISTS daybook.refresh_window(date, date);
DROP FUNCTION IF EXISTS daybook.refresh_before();
DROP FUNCTION IF EXISTS daybook.late_before();
DROP FUNCTION IF EXISTS daybook.take_touched(date, date);
DROP FUNCTION IF EXISTS daybook.touched_span(bigint);
DROP FUNCTION IF EXISTS daybook.forget_touched(bigint, date, date);
DROP FUNCTION IF EXISTS daybook.note_refreshed(timestamptz);
DROP FUNCTION IF EXISTS daybook.mend(text, date, date, boolean);
DROP PROCEDURE IF EXISTS daybook.refresh_batch(bigint, timestamptz);
DROP PROCEDURE IF EXISTS daybook.refresh_aggregates(date, date);
