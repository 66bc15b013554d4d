-- Who is let in, what is counted, and when a window opens and closes.
BEGIN;
SELECT plan(52);

INSERT INTO daybook.projects (project_id) VALUES ('mine'), ('other');
INSERT INTO daybook.tokens (digest, project_id, expires_at, revoked_at) VALUES
    (sha256('good'),    'mine',  NULL, NULL),
    (sha256('second'),  'mine',  NULL, NULL),
    (sha256('later'),   'mine',  clock_timestamp() + interval '1 hour', NULL),
    (sha256('expired'), 'mine',  clock_timestamp() - interval '1 millisecond', NULL),
    (sha256('revoked'), 'mine',  NULL, clock_timestamp() - interval '1 millisecond'),
    (sha256('both'),    'mine',  clock_timestamp() - interval '1 hour', clock_timestamp());

CREATE FUNCTION pg_temp.ask(token text, project text DEFAULT 'mine') RETURNS integer
LANGUAGE sql AS 'SELECT verdict FROM daybook.admit(sha256(token::bytea), project)';

-- The window of a token, made as the test needs it.
CREATE FUNCTION pg_temp.window_of(token text, used integer, closes_in interval) RETURNS void LANGUAGE sql AS $$
    INSERT INTO daybook.windows AS w (token_id, used, closes_at)
    SELECT token_id, used, clock_timestamp() + closes_in FROM daybook.tokens WHERE digest = sha256(token::bytea)
    ON CONFLICT (token_id) DO UPDATE SET used = excluded.used, closes_at = excluded.closes_at
$$;
CREATE FUNCTION pg_temp.used(token text) RETURNS integer LANGUAGE sql AS $$
    SELECT w.used FROM daybook.windows w JOIN daybook.tokens t USING (token_id) WHERE t.digest = sha256(token::bytea)
$$;

SELECT is((SELECT relpersistence FROM pg_class WHERE oid = 'daybook.windows'::regclass), 'u'::"char",
          'windows are not logged: a count per request must not cost a flush');

SELECT is(pg_temp.ask('unknown'), 401, 'an unknown token');
SELECT is(pg_temp.ask('expired'), 401, 'an expired token');
SELECT is(pg_temp.ask('revoked'), 401, 'a revoked token');
SELECT is(pg_temp.ask('both'), 401, 'a token both revoked and expired');
SELECT is(pg_temp.ask('revoked', 'other'), 401, 'a revoked token is refused as such, whatever the project');
SELECT is((SELECT verdict FROM daybook.admit('', 'mine')), 401, 'an empty digest');
SELECT is((SELECT verdict FROM daybook.admit(NULL, 'mine')), 401, 'no digest');
SELECT is((SELECT verdict FROM daybook.admit('good', 'mine')), 401, 'the token itself is no digest');
SELECT is(pg_temp.ask('good', 'other'), 403, 'a token of another project');
SELECT is(pg_temp.ask('good', 'nowhere'), 403,
          'a project that does not exist: the same, so that none can be found out');
SELECT is(pg_temp.ask('good', 'MINE'), 403, 'the case of a project counts');
SELECT is(pg_temp.ask('good', ''), 403, 'an empty project');
SELECT results_eq($$
    SELECT remaining, retry_after, closes_at FROM daybook.admit(sha256('unknown'), 'mine')
    UNION ALL
    SELECT remaining, retry_after, closes_at FROM daybook.admit(sha256('good'), 'other')
$$, $$VALUES (NULL::integer, NULL::integer, NULL::bigint), (NULL, NULL, NULL)$$,
   '401 and 403 tell nothing of a window');
SELECT is_empty('SELECT FROM daybook.windows', 'and count nothing');
SELECT results_eq($$
    SELECT a.verdict, t.digest = sha256(asked.token::bytea)
      FROM (VALUES (1, 'good', 'mine'), (2, 'good', 'other'), (3, 'expired', 'mine'), (4, 'revoked', 'other'),
                   (5, 'unknown', 'mine')) AS asked (n, token, project),
           LATERAL daybook.admit(sha256(asked.token::bytea), asked.project, NULL) AS a
      LEFT JOIN daybook.tokens t USING (token_id)
     ORDER BY asked.n
$$, $$VALUES (200, true), (403, true), (401, true), (401, true), (401, NULL)$$,
   'each verdict names the token, if there is one: a log has to tell whose it was');
DELETE FROM daybook.windows;

SELECT is(pg_temp.ask('later'), 200, 'a token that expires later passes');
SELECT results_eq($$SELECT verdict, remaining, retry_after FROM daybook.admit(sha256('good'), 'mine')$$,
                  'VALUES (200, 99, 60)', 'the first request opens a window of 60 s and leaves 99');
SELECT cmp_ok((SELECT closes_at FROM daybook.admit(sha256('good'), 'mine'))
              - ceil(extract(epoch FROM clock_timestamp()))::bigint, '<=', 60::bigint, 'which closes in 60 s');
SELECT results_eq($$
    SELECT a.verdict, a.remaining
      FROM generate_series(3, 100) AS n, LATERAL daybook.admit(sha256('good'), left('mine' || n, 4)) AS a
$$, 'SELECT 200, 100 - n FROM generate_series(3, 100) AS n', 'requests up to the 100th pass, each counted once');

SELECT is((SELECT a.token_id FROM daybook.admit(sha256('good'), 'mine', NULL) a),
          (SELECT token_id FROM daybook.tokens WHERE digest = sha256('good')), 'also of a request too many');
CREATE TEMP TABLE before AS SELECT w.ctid AS place, w.xmax::text AS locker, w.* FROM daybook.windows w;
SELECT results_eq($$
    SELECT verdict, remaining, retry_after BETWEEN 1 AND 60 FROM daybook.admit(sha256('good'), 'mine')
$$,
                  'VALUES (429, 0, true)', 'the 101st does not');
SELECT is(pg_temp.ask('good', 'other'), 403, 'a used-up window does not hide that the project is another');
SELECT results_eq($$
    SELECT w.used, w.closes_at, w.refused FROM daybook.windows w JOIN before b USING (token_id)
     WHERE w.token_id = (SELECT token_id FROM daybook.tokens WHERE digest = sha256('good'))
$$, $$SELECT 100, closes_at, refused + 1 FROM before
      WHERE token_id = (SELECT token_id FROM daybook.tokens WHERE digest = sha256('good'))$$,
   'a request refused for the window counts as refused, once, and moves nothing else');
SELECT set_eq($$SELECT w.ctid AS place, w.xmax::text AS locker, w.used FROM daybook.windows w WHERE w.used < 100$$,
              $$SELECT place, locker, used FROM before WHERE used < 100$$, 'and touches no other token''s window');
SELECT is(pg_temp.ask('second'), 200, 'another token of the same project has its own window');

-- retry_after: whole seconds until the window closes, rounded up.
SELECT pg_temp.window_of('good', 100, interval '0.4 s');
SELECT results_eq($$SELECT verdict, retry_after FROM daybook.admit(sha256('good'), 'mine')$$, 'VALUES (429, 1)',
                  'never 0 while the window is open');
SELECT pg_temp.window_of('good', 100, interval '30.5 s');
SELECT results_eq($$SELECT verdict, retry_after FROM daybook.admit(sha256('good'), 'mine')$$, 'VALUES (429, 31)',
                  'rounded up');
SELECT pg_temp.window_of('good', 100, interval '60 s');
SELECT results_eq($$SELECT verdict, retry_after FROM daybook.admit(sha256('good'), 'mine')$$, 'VALUES (429, 60)',
                  '60 at most');
SELECT pg_temp.window_of('good', 100, interval '90 s');
SELECT results_eq($$SELECT verdict, retry_after FROM daybook.admit(sha256('good'), 'mine')$$, 'VALUES (429, 60)',
                  '60 even if the clock was set back a little');
SELECT pg_temp.window_of('good', 99, interval '10.5 s');
SELECT results_eq($$SELECT verdict, remaining, retry_after FROM daybook.admit(sha256('good'), 'mine')$$,
                  'VALUES (200, 0, 11)', 'the 100th request passes and leaves none');
SELECT is(pg_temp.ask('good'), 429, 'the one after it does not');

-- Refusals: each counts up to 256, then one in so many does, for as many.
SELECT pg_temp.window_of('good', 100, interval '55 s');
UPDATE daybook.windows SET refused = 0;
CREATE FUNCTION pg_temp.flood(size integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM generate_series(1, size) n, LATERAL daybook.admit(sha256('good'), left('mine' || n, 4)) a
     WHERE a.verdict = 429
$$;
SELECT is(pg_temp.flood(200), 200::bigint, 'a flood is refused');
SELECT is((SELECT max(refused) FROM daybook.windows), 200, 'the first refusals are counted one by one');
UPDATE daybook.windows SET refused = 1048576 WHERE refused > 0;
SELECT is(pg_temp.flood(3), 3::bigint, 'a great flood is refused');
SELECT ok((SELECT (refused - 1048576) % 8192 = 0 FROM daybook.windows WHERE refused > 0),
          'of a million, one in 8192 writes, and counts for as many');
-- The chance of a number that far off is less than one in a million.
SELECT setseed(0.5);
UPDATE daybook.windows SET refused = 0;
SELECT is(pg_temp.flood(4000), 4000::bigint, 'a flood of 4000');
SELECT ok((SELECT max(refused) BETWEEN 3000 AND 5000 FROM daybook.windows), 'is estimated within a quarter');
SELECT pg_temp.window_of('good', 100, interval '-1 s');
SELECT is(pg_temp.ask('good'), 200, 'a new window');
SELECT is((SELECT max(refused) FROM daybook.windows), 0, 'begins without refusals');

-- A window has a fixed end, which no request moves.
SELECT pg_temp.window_of('good', 5, interval '20 s');
SELECT is((SELECT count(*)::integer FROM (SELECT DISTINCT a.closes_at FROM generate_series(1, 20) n,
              LATERAL daybook.admit(sha256('good'), left('mine' || n, 4)) AS a) AS ends), 1, 'its end stays');
SELECT is(pg_temp.used('good'), 25, 'while it fills');

SELECT pg_temp.window_of('good', 100, interval '0');
SELECT results_eq($$SELECT verdict, remaining, retry_after FROM daybook.admit(sha256('good'), 'mine')$$,
                  'VALUES (200, 99, 60)', 'at its very end a new one opens');
SELECT is(pg_temp.used('good'), 1, 'and counts from 1');
SELECT pg_temp.window_of('good', 40, interval '-1 hour');
SELECT results_eq($$SELECT verdict, remaining FROM daybook.admit(sha256('good'), 'mine')$$, 'VALUES (200, 99)',
                  'an old window is forgotten');
SELECT pg_temp.window_of('good', 100, interval '1 day');
SELECT results_eq($$SELECT verdict, remaining, retry_after FROM daybook.admit(sha256('good'), 'mine')$$,
                  'VALUES (200, 99, 60)', 'a clock set back by a day locks nobody out');

UPDATE daybook.tokens SET revoked_at = now() WHERE digest = sha256('good');
SELECT is(pg_temp.ask('good'), 401, 'a revocation counts at once');
SELECT throws_ok($$UPDATE daybook.windows SET used = 101$$, '23514', NULL, 'no window holds more than 100');
SELECT throws_ok($$INSERT INTO daybook.tokens (digest, project_id) VALUES ('short', 'mine')$$, '23514', NULL,
                 'a digest has 32 bytes');
SELECT throws_ok($$INSERT INTO daybook.tokens (digest, project_id) VALUES (sha256('good'), 'other')$$, '23505', NULL,
                 'a token opens one project');
SELECT is(pg_temp.ask('later', NULL), 403, 'without a project the gate does not fail open');
DELETE FROM daybook.tokens WHERE digest = sha256('second');
SELECT is((SELECT count(*)::integer FROM daybook.windows), 2, 'a token takes its window with it');

SELECT * FROM finish();
ROLLBACK;
