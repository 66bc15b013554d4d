-- Who returns, what a day is, and how averages are rounded.
BEGIN;
SELECT plan(38);

CREATE FUNCTION pg_temp.add(project text, at text, who text, kind text DEFAULT 'chat_start', value numeric DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO daybook.events VALUES (gen_random_uuid(), project, at::timestamptz, kind::daybook.event_kind, who,
                                       NULL, value)
$$;
-- A KPI of a project as 'day number ...', in the order of days. In PL/pgSQL: SQL functions keep their plans for the
-- whole of a statement, in which tables get new parts here.
CREATE FUNCTION pg_temp.returning_users(project text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT string_agg(to_char(day, 'DD') || '=' || unique_users, ' ' ORDER BY day)
              FROM daybook_v1.users_daily WHERE project_id = project);
END
$$;
CREATE FUNCTION pg_temp.score(project text) RETURNS numeric LANGUAGE sql AS $$
    SELECT coalesce(c.avg_score, q.score) FROM daybook_v1.csat_daily c
      JOIN daybook_v1.ai_quality_daily q USING (project_id, day) WHERE project_id = project
$$;

-- Each story once with a refresh after every event, and once without any.
CREATE FUNCTION pg_temp.tell(project text, story text[], refreshes boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    event text;
BEGIN
    FOREACH event IN ARRAY story LOOP
        PERFORM pg_temp.add(project, split_part(event, ' ', 1) || 'Z', 'u', split_part(event, ' ', 2));
        IF refreshes THEN
            CALL daybook.refresh();
        END IF;
    END LOOP;
    RETURN pg_temp.returning_users(project);
END
$$;
SELECT is(pg_temp.tell(format('%s %s', what, refreshes), story, refreshes), outcome,
          what || CASE WHEN refreshes THEN ', refreshed' ELSE '' END)
  FROM (VALUES
    ('a first day is no return',        '{2026-01-05 chat_start}'::text[], '05=0'),
    ('twice on the first day',          '{2026-01-05 chat_start,2026-01-05T23:59:59.999999 chat_start}', '05=0'),
    ('the next day is',                 '{2026-01-05 chat_start,2026-01-06 inbound_message}', '05=0 06=1'),
    ('twice on a day counts once',
     '{2026-01-05 chat_start,2026-01-06 chat_start,2026-01-06T01:00 inbound_message}', '05=0 06=1'),
    ('late news of an earlier day',     '{2026-01-06 chat_start,2026-01-05 chat_start}', '05=0 06=1'),
    ('twice put back',
     '{2026-01-07 chat_start,2026-01-06 chat_start,2026-01-05 chat_start}', '05=0 06=1 07=1'),
    ('seen before in another way',      '{2026-01-05 outbound_message,2026-01-06 chat_start}', '05=0 06=1'),
    ('seen before, told late',          '{2026-01-06 chat_start,2026-01-05 api_error}', '05=0 06=1'),
    ('not active later',                '{2026-01-05 chat_start,2026-01-06 ht_start}', '05=0 06=0'),
    ('not active, then active',
     '{2026-01-06 ht_start,2026-01-06 chat_start,2026-01-05 chat_start}', '05=0 06=1'),
    ('not active on the old first day', '{2026-01-06 positive_feedback,2026-01-05 chat_start}', '05=0 06=0'),
    ('active on the old first day late',
     '{2026-01-06 negative_feedback,2026-01-05 chat_start,2026-01-06 chat_start}', '05=0 06=1')
    ) AS stories (what, story, outcome), unnest('{f,t}'::boolean[]) AS refreshes;

SELECT pg_temp.add('alone', '2026-01-05Z', 'u'), pg_temp.add('elsewhere', '2026-01-06Z', 'u');
SELECT is(pg_temp.returning_users('elsewhere'), '06=0', 'what another project has seen does not matter');

-- The day is that of UTC, whatever the writer's session thinks.
SET LOCAL timezone = 'America/Los_Angeles';
SELECT daybook.store() = 'citus' AS is_iso_only \gset
\if :is_iso_only
SELECT throws_ok($$INSERT INTO daybook.events VALUES ('x', 'zone', '2026-03-01Z', 'chat_start')$$, '55000', NULL,
                 'Citus would garble the instant of another DateStyle')
  FROM set_config('datestyle', 'German', true);
SELECT set_config('datestyle', 'ISO', true);
\else
SELECT pass('another DateStyle is as good as ISO');
SET LOCAL datestyle = 'German';
\endif
SELECT pg_temp.add('zone', '2026-03-01 16:00-08', 'u'), pg_temp.add('zone', '2026-03-01 15:59:59.999999-08', 'u');
SET LOCAL timezone = 'Asia/Tokyo';
\if :is_iso_only
\else
SET LOCAL datestyle = 'SQL, MDY';
\endif
SELECT pg_temp.add('zone', '2026-03-03 08:59:59.999999+09', 'v'), pg_temp.add('zone', '2026-03-03 09:00+09', 'v');
SELECT is((SELECT string_agg(to_char(day, 'DD') || '=' || count, ' ' ORDER BY day) FROM daybook_v1.chats_daily
            WHERE project_id = 'zone'), '01=1 02=2 03=1', 'chats count on the day in UTC');
SELECT is(pg_temp.returning_users('zone'), '01=0 02=1 03=1', 'users return on the day in UTC');
CALL daybook.refresh();
SELECT is(pg_temp.returning_users('zone'), '01=0 02=1 03=1', 'and so they do after a refresh in that session');
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';

-- Averages: of scores, never of averages, exact, and rounded half away from zero.
CREATE FUNCTION pg_temp.average(project text, kind text, scores numeric[]) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.add(project, '2026-01-01Z', NULL, kind, s) FROM unnest(scores) AS s;
    RETURN pg_temp.score(project);
END
$$;
SELECT is(pg_temp.average('avg ' || scores::text, kind, scores), mean,
          kind || ' ' || scores::text || ' makes ' || mean)
  FROM (VALUES ('csat',       '{1,5,5}'::numeric[],   3.67),
               ('csat',       '{1,1,2}',              1.33),
               ('csat',       '{1.005}',              1.01),
               ('csat',       '{4.5,4.51}',           4.51),
               ('csat',       '{4.504999999999999999}', 4.50),
               ('ai_quality', '{0.125}',              0.13),
               ('ai_quality', '{0.12,0.13}',          0.13),
               ('ai_quality', '{0,0,0}',              0.00)) AS averages (kind, scores, mean);
SELECT pg_temp.average('weights', 'csat', '{1,1,1}');
CALL daybook.refresh();
SELECT is(pg_temp.average('weights', 'csat', '{5}'), 2.00, 'scores before and after a refresh weigh the same');

SELECT * FROM finish();
ROLLBACK;
