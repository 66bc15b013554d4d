-- When tokens were in use: what their windows tell, and what of it a refresh notes.
BEGIN;
SELECT plan(15);

INSERT INTO daybook.projects (project_id) VALUES ('mine');
INSERT INTO daybook.tokens (digest, project_id, name, expires_at, revoked_at) VALUES
    (sha256('new'),     'mine', 'new',     NULL, NULL),
    (sha256('open'),    'mine', 'open',    now() + interval '1 hour', NULL),
    (sha256('closed'),  'mine', 'closed',  now() - interval '1 hour', NULL),
    (sha256('strayed'), 'mine', 'strayed', NULL, now());
INSERT INTO daybook.windows (token_id, used, refused, closes_at)
SELECT token_id, 100, 7, CASE name WHEN 'open'    THEN now() + interval '20 s'
                                   WHEN 'closed'  THEN now() - interval '10 minutes'
                                   WHEN 'strayed' THEN now() + interval '3 days' END
  FROM daybook.tokens WHERE name <> 'new';

CREATE FUNCTION pg_temp.noted(token text) RETURNS timestamptz LANGUAGE sql AS
    'SELECT last_used_at FROM daybook.tokens WHERE name = token';
CREATE FUNCTION pg_temp.note() RETURNS void LANGUAGE sql AS 'SELECT daybook.note_token_use()';

SELECT results_eq('SELECT daybook.token_state(t.revoked_at, t.expires_at) FROM daybook.tokens t ORDER BY token_id',
                  $$VALUES ('active'), ('active'), ('expired'), ('revoked')$$, 'a token is active, expired or revoked');
CREATE TEMP VIEW use AS SELECT t.name, u.* FROM daybook.token_use() u JOIN daybook.tokens t USING (token_id);
SELECT results_eq('SELECT name, used, refused FROM use ORDER BY 1',
                  $$VALUES ('closed', 0, 0), ('new', 0, 0), ('open', 100, 7), ('strayed', 0, 0)$$,
                  'only a window that is open counts; one of a clock that was set back is none');
SELECT results_eq('SELECT name, last_used_at FROM use ORDER BY 1',
                  $$VALUES ('closed', now() - interval '11 minutes'), ('new', NULL), ('open', now() - interval '40 s'),
                           ('strayed', now())$$, 'a token was in use when its window opened');
SELECT is_empty('SELECT 1 FROM daybook.tokens WHERE last_used_at IS NOT NULL', 'requests note nothing');

SELECT pg_temp.note();
SELECT is(pg_temp.noted('new'), NULL, 'a token that has never been in use stays so');
SELECT is(pg_temp.noted('open'), now() - interval '40 s', 'the first use is noted at once');
SELECT is(pg_temp.noted('closed'), now() - interval '11 minutes', 'also that of a window that has closed');

CREATE TEMP TABLE before AS SELECT token_id, ctid AS place FROM daybook.tokens;
SELECT pg_temp.note();
SELECT results_eq('SELECT token_id, ctid FROM daybook.tokens ORDER BY 1', 'SELECT * FROM before ORDER BY 1',
                  'what is noted is not written again');
UPDATE daybook.tokens SET last_used_at = now() - interval '4 minutes' WHERE name = 'open';
SELECT pg_temp.note();
SELECT is(pg_temp.noted('open'), now() - interval '4 minutes', 'nor is a use that follows within five minutes');
SELECT is((SELECT last_used_at FROM use WHERE name = 'open'), now() - interval '40 s', 'which shows all the same');
UPDATE daybook.tokens SET last_used_at = now() - interval '6 minutes' WHERE name = 'open';
SELECT pg_temp.note();
SELECT is(pg_temp.noted('open'), now() - interval '40 s', 'a later one is noted');
UPDATE daybook.tokens SET last_used_at = now() WHERE name = 'closed';
SELECT pg_temp.note();
SELECT is(pg_temp.noted('closed'), now(), 'a note never goes back');
DELETE FROM daybook.windows;
SELECT pg_temp.note();
SELECT is(pg_temp.noted('open'), now() - interval '40 s', 'and outlives the windows, which a crash forgets');

SELECT ok(NOT has_function_privilege('daybook_responder', 'daybook.token_use()', 'EXECUTE')
          AND NOT has_function_privilege('daybook_reader', 'daybook.token_use()', 'EXECUTE'),
          'the use of tokens is the owner''s to see');
DELETE FROM daybook.tokens WHERE name = 'open';
SELECT is((SELECT count(*)::integer FROM daybook.token_use()), 3, 'a token takes its use with it');

SELECT * FROM finish();
ROLLBACK;
