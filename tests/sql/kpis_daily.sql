-- kpis_daily has a row for each project and day from the first with an event to today, with the numbers of
-- summary_daily.
BEGIN;
SELECT plan(15);

SELECT daybook.utc_day(now()) AS today \gset
CREATE FUNCTION pg_temp.add(event text, project text, days_ago integer, kind text DEFAULT 'chat_start',
                            value numeric DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO daybook.events
    VALUES (event, project, (daybook.utc_day(now()) - days_ago)::timestamp AT TIME ZONE 'UTC',
                                       kind::daybook.event_kind, 'u', NULL, value);
END
$$;
-- Of a project: the rows, the first and the last day, and whether any day is missing or there twice.
CREATE FUNCTION pg_temp.span(project text, OUT days bigint, OUT first_ago integer, OUT last_ago integer,
    OUT is_whole boolean)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT count(*), daybook.utc_day(now()) - min(k.day), daybook.utc_day(now()) - max(k.day),
           count(DISTINCT k.day) = count(*) AND max(k.day) - min(k.day) + 1 = count(*)
      INTO days, first_ago, last_ago, is_whole
      FROM daybook_v1.kpis_daily k WHERE k.project_id = project;
END
$$;
-- Rows that are not those of summary_daily, or zeros where it has none.
CREATE FUNCTION pg_temp.wrong() RETURNS TABLE (project_id text, day date) LANGUAGE plpgsql AS $$
DECLARE
    kpis      CONSTANT daybook_v1.kpis_daily[]    := ARRAY(SELECT k FROM daybook_v1.kpis_daily k);
    summaries CONSTANT daybook_v1.summary_daily[] := ARRAY(SELECT s FROM daybook_v1.summary_daily s);
BEGIN
    RETURN QUERY
    SELECT k.project_id COLLATE "default", k.day
      FROM unnest(kpis) AS k
      LEFT JOIN unnest(summaries) AS s ON s.project_id = k.project_id AND s.day = k.day
     WHERE to_jsonb(k) - 'is_partial' <> CASE WHEN s.day IS NOT NULL THEN to_jsonb(s) ELSE
               jsonb_build_object('project_id', k.project_id, 'day', k.day, 'csat_avg_score', NULL,
                  'ai_quality_score', NULL)
               || (SELECT jsonb_object_agg(a.attname, 0) FROM pg_attribute a
                    WHERE a.attrelid = 'daybook.summary_daily'::regclass AND a.attnum > 2
                      AND a.attname NOT IN ('csat_avg_score', 'ai_quality_score')) END
        OR k.is_partial <> (k.day = daybook.utc_day(now()));
END
$$;

SELECT pg_temp.add('a', 'wide', 40);
SELECT pg_temp.add('b', 'wide', 38, 'inbound_message');
SELECT pg_temp.add('c', 'wide', 38, 'csat', 4.50);
SELECT pg_temp.add('d', 'wide', 5, 'ai_quality', 0.125);
SELECT pg_temp.add('e', 'other', 1, 'api_error');
SELECT pg_temp.add('f', 'wide', -3);
SELECT pg_temp.add('g', 'ahead', -2);
SELECT results_eq($$SELECT * FROM pg_temp.span('wide')$$, 'VALUES (41::bigint, 40, 0, true)',
                  'each day from the first event to today');
SELECT results_eq($$SELECT * FROM pg_temp.span('other')$$, 'VALUES (2::bigint, 1, 0, true)',
                  'each project has its own');
SELECT results_eq($$SELECT * FROM pg_temp.span('ahead')$$,
                  'VALUES (0::bigint, NULL::integer, NULL::integer, NULL::boolean)',
                  'a project whose events are all ahead has no day yet');
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'the numbers are those of summary_daily, or zeros');
CALL daybook.refresh();
SELECT results_eq($$SELECT * FROM pg_temp.span('wide')$$, 'VALUES (41::bigint, 40, 0, true)',
                  'after a refresh as well');
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'and the same numbers');
SELECT results_eq(format($$SELECT day, is_partial, csat_total, csat_sum::text, csat_avg_score,
    returning_users FROM daybook_v1.kpis_daily
                            WHERE project_id = 'wide'
                              AND day >= date %L - 39 AND day < date %1$L - 36 ORDER BY day$$, :'today'),
                  format($$VALUES (date %L - 39, false, 0::bigint, '0', NULL::numeric, 0::bigint),
                                  (date %1$L - 38, false, 1, '4.5', 4.50, 1), (date %1$L - 37, false, 0,
                  '0', NULL, 0)$$, :'today'),
                  'a range of days shows those alone');
SELECT results_eq(format($$SELECT count(*), bool_and(is_partial) FROM daybook_v1.kpis_daily
                            WHERE project_id IN ('wide', 'other', 'ahead') AND day >= %L$$, :'today'),
                  'VALUES (2::bigint, true)', 'today is partial, and there is nothing behind it');

SELECT pg_temp.add('late', 'other', 9);
SELECT results_eq($$SELECT * FROM pg_temp.span('other')$$, 'VALUES (10::bigint, 9, 0, true)',
                  'a late event makes it longer at once');
SELECT daybook.retract('wide', 'a', (:'today'::date - 40)::timestamp AT TIME ZONE 'UTC');
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'what is taken back is not counted');
CALL daybook.refresh();
SELECT results_eq($$SELECT * FROM pg_temp.span('wide')$$, 'VALUES (39::bigint, 38, 0, true)',
                  'and is no day once the refresh is through');
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'with the same numbers');

SELECT is_empty($$SELECT a.attname FROM pg_attribute a
                   WHERE a.attrelid = 'daybook_v1.kpis_daily'::regclass AND a.attname = 'count'$$,
                'no column bears the name of a function');
SET ROLE daybook_reader;
SELECT results_eq($$SELECT sum(csat_sum) / sum(csat_total) FROM daybook_v1.kpis_daily WHERE project_id = 'wide'$$,
                  'VALUES (4.5)', 'the reader weighs averages by the sums');
RESET ROLE;
SELECT ok(NOT has_table_privilege('daybook_responder', 'daybook_v1.kpis_daily', 'SELECT'),
          'the responder has no use for it');

SELECT * FROM finish();
ROLLBACK;
