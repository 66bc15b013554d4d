-- The version of a page: the same as long as the page is, and never the same for another.
BEGIN;
SELECT plan(18);

INSERT INTO daybook.projects (project_id) VALUES ('v'), ('nobody');

CREATE FUNCTION pg_temp.add(event text, at text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO daybook.events VALUES (event, 'v', at::timestamptz, 'chat_start', 'u')
$$;
CREATE FUNCTION pg_temp.version(end_day date) RETURNS bigint LANGUAGE sql AS $$
    SELECT version FROM daybook.page_state('v', end_day, daybook.settled_before())
$$;
SELECT daybook.settled_before() AS settled, daybook.settled_before() - 10 AS past, daybook.settled_before() + 3 AS future \gset

SELECT is(:'settled'::date, (now() AT TIME ZONE 'UTC')::date - 2, 'days before the day before yesterday are settled');
SELECT isnt(pg_temp.version(:'past'), pg_temp.version(:'future'), 'settled pages and others have no version in common');

SELECT pg_temp.add('1', :'past');
SELECT is(pg_temp.version(:'past'), pg_temp.version(:'past'), 'an event of the day behind a page is none of its matter');
SELECT isnt(pg_temp.version(:'past'), NULL, 'which therefore has a version');
SELECT is(pg_temp.version(:'past'::date + 1), NULL, 'while an event is pending, its day has none');
SELECT is(pg_temp.version(:'future'), NULL, 'nor has a later one: a first day may turn into a return');

CALL daybook.refresh();
CREATE TEMP TABLE seen AS
SELECT 1 AS nr, pg_temp.version(:'past'::date + 1) AS settled, pg_temp.version(:'future') AS latest;
CALL daybook.refresh();
SELECT results_eq($$SELECT settled, latest FROM seen$$,
                  format('SELECT pg_temp.version(%L), pg_temp.version(%L)', :'past'::date + 1, :'future'),
                  'a refresh with nothing to fold changes no version');

SELECT pg_temp.add('2', (:'settled'::date + 1)::text);
SELECT is(pg_temp.version(:'past'::date + 1), (SELECT settled FROM seen), 'a new event leaves settled pages alone');
CALL daybook.refresh();
SELECT is(pg_temp.version(:'past'::date + 1), (SELECT settled FROM seen), 'and so does its refresh');
SELECT cmp_ok(pg_temp.version(:'future'), '>', (SELECT latest FROM seen), 'but others have a new version');
INSERT INTO seen VALUES (2, pg_temp.version(:'past'::date + 1), pg_temp.version(:'future'));

SELECT pg_temp.add('3', (:'past'::date - 400)::text);
CALL daybook.refresh();
SELECT cmp_ok(pg_temp.version(:'past'::date + 1), '>', (SELECT max(settled) FROM seen), 'a late event renews settled pages');
SELECT cmp_ok(pg_temp.version(:'future'), '>', (SELECT max(latest) FROM seen), 'and the others');
SELECT is(pg_temp.version(:'past') % 2, 1::bigint, 'settled versions are odd');
SELECT is(pg_temp.version(:'future') % 2, 0::bigint, 'others even: a page that becomes settled is read anew');

-- Midnight passes while a refresh runs: to its transaction a day is not settled yet that it is to who asks.
CREATE FUNCTION pg_temp.settle(before date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION daybook.settled_before() RETURNS date LANGUAGE sql STABLE
                    SET search_path = pg_catalog, pg_temp AS %L', format('SELECT %L::date', before));
END
$$;
SELECT pg_temp.settle(:'settled'::date + 1);
INSERT INTO seen VALUES (3, pg_temp.version(:'settled'::date + 1), NULL);
SELECT pg_temp.settle(:'settled');
SELECT pg_temp.add('midnight', :'settled');
CALL daybook.refresh();
SELECT pg_temp.settle(:'settled'::date + 1);
SELECT isnt(pg_temp.version(:'settled'::date + 1), (SELECT settled FROM seen WHERE nr = 3),
            'a refresh that began before midnight renews the pages that midnight settled');
SELECT pg_temp.settle(:'settled');

-- A clock that stands still or goes back does not bring a version back.
UPDATE daybook.versions SET latest = 9e15, late = 9e15 WHERE project_id = 'v';
SELECT pg_temp.add('4', (:'past'::date - 400)::text);
CALL daybook.refresh();
SELECT results_eq($$SELECT latest, late FROM daybook.versions WHERE project_id = 'v'$$,
                  $$VALUES (9e15::bigint + 1, 9e15::bigint + 1)$$, 'versions only ever rise');
SELECT cmp_ok((SELECT version FROM daybook.page_state('nobody', :'past', :'settled')), '<', -1::bigint,
              'a project without events has a version of its own');

INSERT INTO daybook.tokens (digest, project_id) VALUES (sha256('pat-v'), 'v');
SELECT results_eq(
    format($$SELECT verdict, remaining, version, settled_before FROM daybook.admit(sha256('pat-v'), 'v', %L)
             UNION ALL SELECT verdict, remaining, NULL, NULL FROM daybook.admit(sha256('pat-v'), 'v')
             UNION ALL SELECT verdict, remaining, version, settled_before FROM daybook.admit(sha256('pat-v'), 'v', NULL)
             UNION ALL SELECT verdict, remaining, version, settled_before FROM daybook.admit(sha256('pat-x'), 'v', %1$L)$$,
           :'past'),
    format('VALUES (200, 99, pg_temp.version(%L), %L::date), (200, 98, NULL, NULL), (200, 97, NULL, %2$L),'
           ' (401, NULL, NULL, NULL)', :'past', :'settled'),
    'admission tells the version, to those who ask for it and may know');

SELECT * FROM finish();
ROLLBACK;
