-- Raw events are kept by month, in UTC, and the partitions come by themselves.
BEGIN;
SELECT plan(28);

-- Where an event lies, told without the schema.
CREATE FUNCTION pg_temp.place(event text) RETURNS text LANGUAGE sql AS $$
    SELECT relname::text FROM daybook.events e JOIN pg_class c ON c.oid = e.tableoid WHERE e.event_id = event
$$;
CREATE TEMP VIEW counts AS
SELECT project_id, day, count FROM daybook_v1.chats_daily WHERE project_id LIKE 'part%';

SELECT is_empty($$
    SELECT month FROM unnest(ARRAY[now(), now() + interval '1 month']) AS month
     WHERE to_regclass('daybook.events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL
$$, 'migrate made the partitions of this month and the next');

-- A day has another date in half of these zones, and dates are written in other ways.
SET LOCAL timezone = 'Pacific/Kiritimati';
SET LOCAL datestyle = 'SQL, DMY';
INSERT INTO daybook.events (event_id, project_id, occurred_at, kind) VALUES
    ('first',      'part', '0001-01-01 00:00:00+00', 'chat_start'),
    ('epoch',      'part', '1970-01-01 00:00:00+00', 'chat_start'),
    ('far',        'part', '2030-06-15 12:00:00+00', 'chat_start'),
    ('last',       'part', '9999-12-31 23:59:59.999999+00', 'chat_start'),
    ('leap',       'part', '2024-02-29 23:59:59.999999+00', 'chat_start'),
    ('after_leap', 'part', '2024-03-01 00:00:00+00', 'chat_start'),
    ('year_end',   'part', '2019-12-31 23:59:59.999999+00', 'chat_start'),
    ('new_year',   'part', '2020-01-01 00:00:00+00', 'chat_start'),
    ('kiritimati', 'part', '2010-05-01 13:59:59.999999+14', 'chat_start'),
    ('los_angeles', 'part', '2010-04-30 17:00:00-07', 'chat_start');
SELECT is(pg_temp.place('epoch'), 'events_default', 'a month without a partition uses the default partition');
CREATE TEMP TABLE before AS SELECT * FROM counts;
SELECT is((SELECT sum(count) FROM before), 10::numeric, 'and counts from there');

SELECT lives_ok('CALL daybook.refresh()', 'a refresh under that time zone and date style');
SELECT is(pg_temp.place(event), partition, event || ' lies in ' || partition)
  FROM (VALUES ('first', 'events_0001_01'), ('epoch', 'events_1970_01'), ('far', 'events_2030_06'),
               ('last', 'events_9999_12'), ('leap', 'events_2024_02'), ('after_leap', 'events_2024_03'),
               ('year_end', 'events_2019_12'), ('new_year', 'events_2020_01'),
               ('kiritimati', 'events_2010_04'), ('los_angeles', 'events_2010_05')) AS e (event, partition);
SELECT is_empty('SELECT FROM daybook.events_default', 'the default partition is empty');
SELECT set_eq('SELECT * FROM counts', 'SELECT * FROM before', 'the move changes no count');

SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SELECT is(pg_get_expr(relpartbound, oid), bounds, relname || ' has its bounds at midnight UTC')
  FROM pg_class
  JOIN (VALUES ('events_2024_02', 'FOR VALUES FROM (''2024-02-01 00:00:00+00'') TO (''2024-03-01 00:00:00+00'')'),
               ('events_9999_12', 'FOR VALUES FROM (''9999-12-01 00:00:00+00'') TO (''10000-01-01 00:00:00+00'')'))
       AS b (name, bounds) ON relname = name;

INSERT INTO daybook.events (event_id, project_id, occurred_at, kind) VALUES
    ('epoch',   'part', '1970-01-01 00:00:00+00', 'chat_start'),
    ('epoch_2', 'part', '1970-01-31 00:00:00+00', 'chat_start') ON CONFLICT DO NOTHING;
SELECT is(pg_temp.place('epoch_2'), 'events_1970_01', 'the next event of the month goes there straight');
SELECT results_eq($$SELECT day, count FROM counts WHERE day BETWEEN '1970-01-01' AND '1970-01-31' ORDER BY 1$$,
                  $$VALUES (date '1970-01-01', 1::bigint), ('1970-01-31', 1)$$,
                  'an event that was moved is known when it is delivered again');
SELECT throws_ok($$INSERT INTO daybook.events VALUES ('big', 'part', '1970-01-02Z', 'csat', 'u', 'c', 6)$$, '23514',
                 NULL, 'a made partition has the rules of the whole');
SELECT ok(NOT daybook.events_make_partition('1970-01-17Z'), 'a partition is made once');
SELECT ok(daybook.events_make_partition('1970-02-17Z'), 'and ahead of its events, if wanted');
SET LOCAL timezone = 'Pacific/Kiritimati';
SELECT ok(daybook.events_make_partition('2012-08-01 13:59+14') AND to_regclass('daybook.events_2012_07') IS NOT NULL,
          'for its month in UTC, whatever the session thinks');
SET LOCAL timezone = 'UTC';

-- Events strewn over many months: some partitions at each refresh, until all are made.
INSERT INTO daybook.events (event_id, project_id, occurred_at, kind)
SELECT 's' || n, 'part_strewn', timestamptz '1800-01-15Z' + n * interval '1 month', 'chat_start'
  FROM generate_series(0, 49) AS n;
CREATE TEMP TABLE strewn AS SELECT * FROM counts;
CALL daybook.refresh();
SELECT cmp_ok((SELECT count(*) FROM daybook.events_default), '<', 50::bigint, 'a refresh moves some months of many');
SELECT set_eq('SELECT * FROM counts', 'SELECT * FROM strewn', 'which shows in no count');
CALL daybook.refresh();
CALL daybook.refresh();
SELECT is_empty('SELECT FROM daybook.events_default', 'and the next ones move the others');

-- Raw events may be dropped by month.
CREATE TEMP TABLE kept AS SELECT * FROM counts;
ALTER TABLE daybook.events DETACH PARTITION daybook.events_1970_01;
DROP TABLE daybook.events_1970_01;
DROP TABLE daybook.events_2030_06;
CALL daybook.refresh();
SELECT set_eq('SELECT * FROM counts', 'SELECT * FROM kept', 'the rollup stays when its raw events are dropped');

SELECT * FROM finish();
ROLLBACK;
