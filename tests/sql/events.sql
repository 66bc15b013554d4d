-- What daybook.events takes and what it does not, rule by rule.
BEGIN;
SELECT plan(57);

-- One event that is right, but for the fields that a test sets.
CREATE FUNCTION pg_temp.add(event text DEFAULT 'e', project text DEFAULT 'p', at text DEFAULT '2026-01-01Z',
                            kind text DEFAULT 'chat_start', who text DEFAULT 'u', chat text DEFAULT 'c',
                            value text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    added bigint;
BEGIN
    INSERT INTO daybook.events VALUES (event, project, at::timestamptz, kind::daybook.event_kind, who, chat,
                                       value::numeric) ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added;
END
$$;
-- Tells an event refused by the rule of that name, and no other, from any other outcome.
CREATE FUNCTION pg_temp.broken(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    rule text;
    field text;
    message text;
BEGIN
    EXECUTE 'SELECT pg_temp.add(' || arguments || ')';
    RETURN 'none';
EXCEPTION WHEN check_violation OR not_null_violation THEN
    GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME, field = COLUMN_NAME, message = MESSAGE_TEXT;
    -- Citus hands on no more than the message of the worker.
    RETURN coalesce(nullif(rule, ''), nullif(field, ''), substring(message, 'constraint "(\w+?)(?:_\d+)?"'),
                    substring(message, 'column "(\w+)"'));
WHEN null_value_not_allowed THEN
    RETURN 'project_id'; -- Citus asks for what it distributes by before the table does
END
$$;
-- Citus has no triggers for it, and withholds the privilege instead.
SELECT CASE daybook.store() WHEN 'citus' THEN '42501' ELSE '55000' END AS refused \gset

SELECT is(pg_temp.broken(arguments), rule, rule || ': ' || arguments)
  FROM (VALUES
    ($$event => NULL$$,                      'event_id'),
    ($$project => NULL$$,                    'project_id'),
    ($$kind => NULL$$,                       'kind'),
    ($$event => ''$$,                        'events_event_id_size'),
    ($$event => repeat('x', 201)$$,          'events_event_id_size'),
    ($$event => repeat('é', 101)$$,          'events_event_id_size'),
    ($$project => ''$$,                      'events_project_id_size'),
    ($$project => repeat('x', 65)$$,         'events_project_id_size'),
    ($$who => ''$$,                          'events_user_id_size'),
    ($$who => repeat('x', 201)$$,            'events_user_id_size'),
    ($$chat => ''$$,                         'events_chat_id_size'),
    ($$chat => repeat('x', 201)$$,           'events_chat_id_size'),
    ($$at => '0001-12-31 23:59:59.999999Z BC'$$, 'events_occurred_at_servable'),
    ($$at => '0001-01-01 00:00+00:01'$$,     'events_occurred_at_servable'),
    ($$at => '10000-01-01 00:00Z'$$,         'events_occurred_at_servable'),
    ($$at => '9999-12-31 23:59:59-00:01'$$,  'events_occurred_at_servable'),
    ($$value => '1'$$,                       'events_value_fits_kind'),
    ($$value => '0'$$,                       'events_value_fits_kind'),
    ($$kind => 'csat'$$,                     'events_value_fits_kind'),
    ($$kind => 'csat', value => '0.99'$$,    'events_value_fits_kind'),
    ($$kind => 'csat', value => '5.01'$$,    'events_value_fits_kind'),
    ($$kind => 'csat', value => '-3'$$,      'events_value_fits_kind'),
    ($$kind => 'csat', value => 'NaN'$$,     'events_value_fits_kind'),
    ($$kind => 'csat', value => 'infinity'$$, 'events_value_fits_kind'),
    ($$kind => 'ai_quality'$$,               'events_value_fits_kind'),
    ($$kind => 'ai_quality', value => '-0.001'$$, 'events_value_fits_kind'),
    ($$kind => 'ai_quality', value => '1.001'$$,  'events_value_fits_kind'),
    ($$kind => 'ai_quality', value => 'NaN'$$,    'events_value_fits_kind'),
    ($$event => repeat('x', 200)$$,          'none'),
    ($$event => repeat('é', 100)$$,          'none'),
    ($$event => 'a,"b''c\ d'$$,              'none'),
    ($$project => repeat('x', 64)$$,         'none'),
    ($$event => 'e2', who => NULL, chat => NULL$$, 'none'),
    ($$event => 'e3', who => repeat('x', 200), chat => repeat('x', 200)$$, 'none'),
    ($$at => '0001-01-01 00:00Z'$$,          'none'),
    ($$at => '9999-12-31 23:59:59.999999Z'$$, 'none'),
    ($$event => 'c1', kind => 'csat', value => '1'$$,         'none'),
    ($$event => 'c2', kind => 'csat', value => '5'$$,         'none'),
    ($$event => 'c3', kind => 'csat', value => '3.5'$$,       'none'),
    ($$event => 'q1', kind => 'ai_quality', value => '0'$$,   'none'),
    ($$event => 'q2', kind => 'ai_quality', value => '1'$$,   'none'),
    ($$event => 'q3', kind => 'ai_quality', value => '0.87'$$, 'none')) AS rules (arguments, rule);

SELECT is_empty($$
    SELECT kind FROM unnest(enum_range(NULL::daybook.event_kind)) AS kind
     WHERE pg_temp.broken(format('event => %L, kind => %1$L, value => %L', kind,
                                 CASE kind WHEN 'csat' THEN '5' WHEN 'ai_quality' THEN '1' END)) <> 'none'
$$, 'every kind is taken');
SELECT throws_ok($$SELECT pg_temp.add(kind => 'chat_end')$$, '22P02', NULL, 'no other kind is');

-- Delivered twice.
SELECT is(pg_temp.add(event => 'twice', project => 'd', kind => 'csat', value => '4'), 1::bigint, 'first delivery');
SELECT is(pg_temp.add(event => 'twice', project => 'd', kind => 'csat', value => '4'), 0::bigint,
          'the second adds nothing');
SELECT is(pg_temp.add(event => 'twice', project => 'd', at => '2026-01-01 01:00+01', kind => 'csat', value => '4'),
          0::bigint, 'nor does a third with the instant in another zone');
SELECT lives_ok($$
    INSERT INTO daybook.events VALUES ('thrice', 'd', '2026-01-01Z', 'csat', 'u', 'c', 2),
                                      ('thrice', 'd', '2026-01-01Z', 'csat', 'u', 'c', 2),
                                      ('twice',  'd', '2026-01-01Z', 'csat', 'u', 'c', 4) ON CONFLICT DO NOTHING
$$, 'one statement may hold an event twice');
SELECT results_eq($$SELECT total, avg_score FROM daybook_v1.csat_daily WHERE project_id = 'd'$$,
                  $$VALUES (2::bigint, 3.00)$$, 'each counts once');
SELECT throws_ok($$
    INSERT INTO daybook.events VALUES ('new',   'd', '2026-01-01Z', 'api_error', 'u', 'c', NULL),
                                      ('twice', 'd', '2026-01-01Z', 'csat',      'u', 'c', 4)
$$, '23505', NULL, 'without ON CONFLICT a delivery that repeats an event is refused');
SELECT results_eq($$SELECT sum(error_count) FROM daybook_v1.errors_daily WHERE project_id = 'd'$$,
                  'VALUES (0::numeric)', 'and nothing of that delivery counts');
SELECT is(pg_temp.add(event => 'twice', project => 'D'), 1::bigint, 'another project may use the same event_id');
SELECT is(pg_temp.add(event => 'Twice', project => 'd'), 1::bigint, 'the case of an event_id counts');
CALL daybook.refresh();
SELECT is(pg_temp.add(event => 'twice', project => 'd', kind => 'csat', value => '4'), 0::bigint,
          'a repeat is known after a refresh as before');

-- An event that changed would leave its rollup as it was.
SELECT throws_ok($$UPDATE daybook.events SET value = 1 WHERE project_id = 'd'$$, :'refused', NULL, 'UPDATE is refused');
SELECT throws_ok($$UPDATE daybook.events SET value = 1 WHERE false$$, :'refused', NULL, 'even of no row');
SELECT throws_ok($$
    INSERT INTO daybook.events VALUES ('twice', 'd', '2026-01-01Z', 'csat', 'u', 'c', 1)
    ON CONFLICT (project_id, event_id, occurred_at) DO UPDATE SET value = excluded.value
$$, :'refused', NULL, 'and so is an upsert');
SELECT * FROM finish();
ROLLBACK;
