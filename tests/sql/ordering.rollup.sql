-- Months that are over lie in the order of the key, so that a page reads few blocks.
BEGIN;
SELECT plan(9);

CREATE FUNCTION pg_temp.fold(day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO daybook.events
    SELECT 'e' || day || n, 'o' || n, day::timestamp AT TIME ZONE 'UTC', 'inbound_message', 'u' FROM generate_series(1, 3) AS n;
    CALL daybook.refresh();
END
$$;
CREATE FUNCTION pg_temp.lies(month date) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(project_id || '/' || extract(day FROM day), ' ' ORDER BY ctid)
      FROM daybook.daily WHERE date_trunc('month', day) = month
$$;
CREATE FUNCTION pg_temp.ordered_to() RETURNS date LANGUAGE sql AS 'SELECT ordered_to FROM daybook.ordering';
SELECT date_trunc('month', daybook.settled_before())::date AS month \gset

SELECT is(pg_temp.ordered_to(), date_trunc('month', now() AT TIME ZONE 'UTC')::date, 'a new database begins with this month');
CALL daybook.refresh();
SELECT cmp_ok(pg_temp.ordered_to(), '>=', :'month'::date, 'and a month that is not settled is left alone');

SELECT pg_temp.fold('2019-12-31'), pg_temp.fold('2020-01-02'), pg_temp.fold('2020-01-01'), pg_temp.fold('2020-02-01');
SELECT is(pg_temp.lies('2020-01-01'), 'o1/2 o2/2 o3/2 o1/1 o2/1 o3/1', 'each refresh writes its day behind the last one');
CREATE TEMP TABLE shown AS SELECT * FROM daybook_v1.messages_daily;
CREATE TEMP TABLE version AS SELECT version AS v FROM daybook.page_state('o1', '2020-03-01', daybook.settled_before());

UPDATE daybook.ordering SET ordered_to = '2020-01-01';
CALL daybook.refresh();
SELECT is(pg_temp.lies('2020-01-01'), 'o1/1 o1/2 o2/1 o2/2 o3/1 o3/2', 'the month lies in the order of the key');
SELECT is(pg_temp.ordered_to(), '2020-02-01'::date, 'the next one is next');
SELECT set_eq('SELECT * FROM daybook_v1.messages_daily', 'SELECT * FROM shown', 'no number has changed');
SELECT is((SELECT version FROM daybook.page_state('o1', '2020-03-01', daybook.settled_before())),
          (SELECT v FROM version), 'so kept pages stay good');

UPDATE daybook.ordering SET ordered_to = '2020-03-01';
CALL daybook.refresh();
SELECT is(pg_temp.ordered_to(), '2020-04-01'::date, 'a month without any day is passed by');
UPDATE daybook.ordering SET ordered_to = date_trunc('month', daybook.settled_before());
SELECT is(daybook.order_month(), false, 'a month of which a day is not settled has to wait');

SELECT * FROM finish();
ROLLBACK;
