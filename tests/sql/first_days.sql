-- A project's first day with an event and the time of its newest change, as admission tells them: exact at every
-- moment.
BEGIN;
SELECT plan(45);

INSERT INTO daybook.projects (project_id) VALUES ('first'), ('bare'), ('halves');
INSERT INTO daybook.tokens (digest, project_id, expires_at) VALUES
    (sha256('first'), 'first', NULL),
    (sha256('ends'),  'first', timestamptz '9999-12-31 23:30+02'),
    (sha256('never'), 'first', 'infinity'),
    (sha256('bare'),  'bare',  NULL);

CREATE FUNCTION pg_temp.add(event text, at text, kind text DEFAULT 'chat_start') RETURNS void LANGUAGE sql AS $$
    INSERT INTO daybook.events VALUES (event, 'first', at::timestamptz, kind::daybook.event_kind, 'u')
$$;
CREATE FUNCTION pg_temp.take(event text, at text) RETURNS boolean LANGUAGE sql AS $$
    SELECT daybook.retract('first', event, at::timestamptz)
$$;
-- What a request learns. In PL/pgSQL: SQL functions keep their plans for the whole of a statement.
CREATE FUNCTION pg_temp.first_day(project text DEFAULT 'first') RETURNS date LANGUAGE plpgsql AS $$
DECLARE
    told date := (SELECT a.first_day FROM daybook.admit(sha256(project::bytea), project, NULL) a);
BEGIN
    IF told IS DISTINCT FROM (SELECT f.first_day FROM daybook.first_days f WHERE f.project_id = project) THEN
        RAISE EXCEPTION 'daybook.first_days has another first day than %', told;
    END IF;
    RETURN told;
END
$$;
CREATE TEMP TABLE times (nr integer GENERATED ALWAYS AS IDENTITY, changed_at timestamptz);
-- Whether the time of the newest change has moved since this was last asked.
CREATE FUNCTION pg_temp.moves() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    before CONSTANT timestamptz := (SELECT t.changed_at FROM times t ORDER BY t.nr DESC LIMIT 1);
    now    CONSTANT timestamptz := (SELECT f.changed_at FROM daybook.page_state('first', NULL, NULL) f);
BEGIN
    INSERT INTO times (changed_at) VALUES (now);
    RETURN now > coalesce(before, '-infinity') AND now <= clock_timestamp();
END
$$;

SELECT results_eq($$SELECT verdict, first_day, changed_at, expires_on FROM daybook.admit(sha256('bare'),
                  'bare', NULL)$$,
                  'VALUES (200, NULL::date, NULL::bigint, NULL::date)', 'a project without events has neither');
SELECT pg_temp.add('a', '2026-01-10 23:59:59.999999Z');
SELECT is(pg_temp.first_day(), '2026-01-10', 'the first event shows at once');
SELECT ok(pg_temp.moves(), 'and so does the time of the change');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), '2026-01-10', 'a refresh changes no first day');
SELECT ok((SELECT changed_at BETWEEN floor(extract(epoch FROM now())) AND ceil(extract(epoch FROM clock_timestamp()))
             FROM daybook.admit(sha256('first'), 'first', NULL)), 'the time is in seconds since 1970, and not ahead');
SELECT pg_temp.moves();
SELECT pg_temp.add('b', '2026-01-12Z', 'api_error');
SELECT is(pg_temp.first_day(), '2026-01-10', 'a later event leaves it');
SELECT ok(pg_temp.moves(), 'and moves the time');
SELECT pg_temp.add('c', '1970-01-01Z', 'outbound_message');
SELECT is(pg_temp.first_day(), '1970-01-01', 'an event may come late, whatever its kind');
SELECT ok(pg_temp.moves(), 'a late event moves the time');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), '1970-01-01', 'and stays with the refresh');
SELECT pg_temp.moves();

-- Taken back, folded and not.
SELECT ok(pg_temp.take('c', '1970-01-01Z'), 'the first day is taken back');
SELECT ok(pg_temp.moves(), 'which is a change');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), '2026-01-10', 'the next day with an event is the first by the next refresh');
SELECT pg_temp.moves();
SELECT pg_temp.add('d', '1980-01-01Z');
SELECT pg_temp.moves();
SELECT ok(pg_temp.take('d', '1980-01-01Z'), 'an event is taken back before any refresh');
SELECT ok(pg_temp.moves(), 'which is a change as well');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), '2026-01-10', 'and leaves no day behind');
SELECT pg_temp.moves();
SELECT pg_temp.add('e', '2026-01-10Z', 'ht_start');
SELECT pg_temp.take('a', '2026-01-10 23:59:59.999999Z');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), '2026-01-10', 'a day with an event left stays the first');
SELECT pg_temp.take('e', '2026-01-10Z');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), '2026-01-12', 'until that one goes');
SELECT pg_temp.take('b', '2026-01-12Z');
SELECT pg_temp.add('f', '2026-01-20Z');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), '2026-01-20', 'what goes and what comes meet in one refresh');
SELECT pg_temp.take('f', '2026-01-20Z');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), NULL, 'a project whose events are all gone has no first day');
SELECT isnt((SELECT changed_at FROM daybook.admit(sha256('first'), 'first', NULL)), NULL, 'but the time of that');
SELECT is_empty($$SELECT FROM daybook.first_days WHERE project_id = 'first'$$, 'and is none of those that have one');
CALL daybook.refresh();
SELECT pg_temp.add('g', '2026-02-01Z');
SELECT is(pg_temp.first_day(), '2026-02-01', 'it may start again');

-- The erasure of a user, and a project under another name.
CALL daybook.refresh();
SELECT daybook.erase_user('first', 'u');
SELECT is(pg_temp.first_day(), '2026-02-01', 'a user may be erased');
CALL daybook.refresh();
SELECT is(pg_temp.first_day(), '2026-02-01', 'and the day stays with the refresh');
SELECT pg_temp.add('h', '2026-01-31Z');
SELECT daybook.rename_project('bare', 'naked');
SELECT daybook.rename_project('first', 'bare');
SELECT is((SELECT f.first_day FROM daybook.page_state('bare', NULL, NULL) f), '2026-01-31',
          'a renamed project has its first day');
SELECT is((SELECT f.first_day FROM daybook.page_state('first', NULL, NULL) f), NULL, 'and the old name none');
CALL daybook.refresh();
SELECT daybook.rename_project('bare', 'first');
SELECT is(pg_temp.first_day(), '2026-01-31', 'even if it once had the name before');

-- Who is told.
SELECT results_eq(format($$SELECT verdict, first_day, changed_at, expires_on FROM daybook.admit(sha256(%L), %L,
    NULL)$$, token, project),
                  format('VALUES (%s, NULL::date, NULL::bigint, NULL::date)', verdict),
                  'a ' || verdict || ' tells nothing')
  FROM (VALUES ('nobody', 'first', 401), ('first', 'other', 403)) AS refusals (token, project, verdict);
INSERT INTO daybook.windows AS w
SELECT token_id, 100, clock_timestamp() + interval '30 s' FROM daybook.tokens WHERE digest = sha256('never')
ON CONFLICT (token_id) DO UPDATE SET used = excluded.used, closes_at = excluded.closes_at;
SELECT results_eq($$SELECT verdict, first_day, changed_at, expires_on FROM daybook.admit(sha256('never'),
                  'first', NULL)$$,
                  'VALUES (429, NULL::date, NULL::bigint, NULL::date)', 'a 429 tells nothing');
DELETE FROM daybook.windows;
SELECT is((SELECT expires_on FROM daybook.admit(sha256('ends'), 'first', NULL)), '9999-12-31',
          'a token tells its last day, in UTC');
SELECT is((SELECT expires_on FROM daybook.admit(sha256('never'), 'first', NULL)), NULL,
          'one that never ends tells none');
SELECT results_eq($$SELECT verdict, remaining, retry_after, settled_before FROM daybook.admit(sha256('first'),
                  'first', NULL)$$,
                  $$SELECT 200, 99, 60, daybook.settled_before()$$,
                  'responders of 0.2.0 may still ask by their columns');

-- The later half of a range beside the earlier.
CREATE FUNCTION pg_temp.day(days date[], kind text, score numeric DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, value)
    SELECT gen_random_uuid(), 'halves', d::timestamp AT TIME ZONE 'UTC', kind::daybook.event_kind, score
      FROM unnest(days) AS d;
END
$$;
SELECT pg_temp.day('{2026-03-01,2026-03-02,2026-03-02,2026-03-03,2026-03-04,2026-03-04,2026-03-04,2026-03-04}',
                  'chat_start');
SELECT pg_temp.day('{2026-03-02,2026-03-03}', 'ht_start');
SELECT pg_temp.day('{2026-03-01,2026-03-02}', 'csat', 3.005);
SELECT pg_temp.day('{2026-03-03}', 'csat', 4);
SELECT pg_temp.day('{2026-03-03}', 'ai_quality', 0.5);
SELECT pg_temp.day('{2026-03-02}', 'api_error');
SELECT set_config('daybook.admitted', 'halves', false);
CREATE TEMP TABLE comparison AS SELECT * FROM daybook.page_comparison('halves', '2026-03-01', '2026-03-05');
SELECT results_eq('SELECT day, is_partial, chats, ht_starts, csat_sum, containment FROM comparison ORDER BY day',
                  $$VALUES (date '2026-03-01', false, 3::bigint, 1::bigint, 6.01, 0.6667),
                           ('2026-03-03', false, 5, 1, 4, 0.8)$$,
                  'each half is a row');
SELECT results_eq($$
    SELECT chats_change, ht_starts_change, inbound_messages_change, csat_total_change, csat_sum_change,
        csat_avg_score_change,
           ai_quality_sample_size_change, ai_quality_score_change, error_count_change, containment_change,
           returning_users_change
      FROM comparison ORDER BY day
$$, $$
    VALUES (NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric,
            NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric),
           (0.6667, 0.0, NULL, -0.5, -0.3344, 0.3311, NULL, NULL, -1.0, 0.2, NULL)
$$, 'the later half has the changes, from exact values, and none from nothing');
SELECT set_eq(format('SELECT %s FROM comparison', columns), format($$
    SELECT %1$s FROM daybook.page_summary('halves', '2026-03-01', '2026-03-03')
    UNION ALL SELECT %1$s FROM daybook.page_summary('halves', '2026-03-03', '2026-03-05')$$, columns),
    'a half has the numbers of its days')
  FROM (SELECT string_agg(a.name, ', ') AS columns
          FROM pg_proc p, unnest(p.proargnames, p.proargmodes::text[]) AS a (name, mode)
         WHERE p.oid = 'daybook.page_summary(text, date, date)'::regprocedure AND a.mode = 't') AS c;
SELECT results_eq(format($$SELECT count(*), count(chats_change) FROM daybook.page_comparison('halves', %L, %L)$$,
                         first_day, end_day),
                  format('VALUES (2::bigint, %s::bigint)', changes), what)
  FROM (VALUES ('2026-03-01', '2026-03-03', 1, 'a comparison may begin with the first day'),
               ('2026-02-28', '2026-03-04', 0, 'but not before it'),
               ('0001-01-01', '9999-12-31', 0, 'nor with all the years'),
               ('2026-03-02', '2026-03-02', 0, 'and an empty one has no change'))
       AS ranges (first_day, end_day, changes, what);
SELECT is_empty($$SELECT FROM daybook.page_comparison('first', '2026-01-01', '2026-03-05')$$,
                'no other project is compared');
SELECT set_config('daybook.admitted', '', false);
SELECT is_empty($$SELECT FROM daybook.page_comparison('halves', '2026-03-01', '2026-03-05')$$,
                'nor any when nobody is admitted');
SELECT is_empty($$SELECT FROM daybook.page_comparison(NULL, '2026-03-01', '2026-03-05')$$, 'nor without a project');
SELECT set_config('daybook.admitted', 'halves', false);
SET ROLE daybook_responder;
SELECT results_eq($$SELECT chats FROM daybook.page_comparison('halves', '2026-03-01', '2026-03-05') ORDER BY day$$,
                  'VALUES (3::bigint), (5)', 'the responder gets it');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
