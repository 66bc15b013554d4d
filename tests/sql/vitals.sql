-- What monitoring asks the database: true at every moment, over every store, and open to the responder's role.
BEGIN;
SELECT plan(28);

DELETE FROM daybook.last_refresh;
DELETE FROM daybook.tokens;

SELECT is((SELECT count(*) FROM daybook.vitals()), 1::bigint, 'there is one row, whatever there is');
SELECT is((SELECT schema_version FROM daybook.vitals()), (SELECT max(version) FROM daybook.migrations),
          'it tells the version of the schema');
SELECT is((SELECT store FROM daybook.vitals()), daybook.store(), 'and the store');
SELECT is((SELECT refreshed_at FROM daybook.vitals()), NULL, 'without a refresh there is no time of one');
SELECT is((SELECT last_event_at FROM daybook.vitals()), NULL, 'nor without an event one of an event');
SELECT results_eq('SELECT tokens_active, tokens_expiring, tokens_expired, tokens_revoked FROM daybook.vitals()',
                  'VALUES (0::bigint, 0::bigint, 0::bigint, 0::bigint)', 'without tokens, all their numbers are 0');

-- Whatever other tests have left is folded first.
CALL daybook.refresh();
CREATE TEMP TABLE before AS SELECT * FROM daybook.vitals();
INSERT INTO daybook.projects (project_id) VALUES ('vital');

SELECT pg_sleep(0.01);
INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id) VALUES
    ('v1', 'vital', '2026-01-01Z', 'chat_start', 'u1'), ('v2', 'vital', now() + interval '1 day', 'chat_start', 'u2');

SELECT cmp_ok((SELECT pending_rows FROM daybook.vitals()), '>', (SELECT pending_rows FROM before),
              'an event is pending as soon as it is there');
SELECT ok((SELECT v.pending_since BETWEEN now() - interval '1 minute' AND clock_timestamp() FROM daybook.vitals() v),
          'since it came, and not since its own instant, which may be years back or ahead');
SELECT ok((SELECT v.last_event_at BETWEEN now() - interval '1 minute' AND clock_timestamp() FROM daybook.vitals() v),
          'the last event is that one');
SELECT is((SELECT refreshed_at FROM daybook.vitals()), (SELECT refreshed_at FROM before),
          'an event is no refresh');

CALL daybook.refresh();
SELECT ok((SELECT refreshed_at BETWEEN now() AND clock_timestamp() FROM daybook.vitals()),
          'a refresh that has ended is told, by the clock');
SELECT results_eq('SELECT pending_rows, pending_since FROM daybook.vitals()',
                  'VALUES (0::bigint, NULL::timestamptz)', 'nothing is pending then');
SELECT ok((SELECT v.last_event_at BETWEEN now() - interval '1 minute' AND clock_timestamp() FROM daybook.vitals() v),
          'a refresh forgets no event');

SELECT daybook.note_refresh_end();
CREATE TEMP TABLE first_end AS SELECT refreshed_at FROM daybook.vitals();
SELECT pg_sleep(0.01);
SELECT daybook.note_refresh_end();
SELECT cmp_ok((SELECT refreshed_at FROM daybook.vitals()), '>', (SELECT refreshed_at FROM first_end),
              'the last refresh is the one that is told');
SELECT is((SELECT count(*) FROM daybook.last_refresh), 1::bigint, 'and the one that is kept');
UPDATE daybook.last_refresh SET ended_at = now() + interval '1 hour';
SELECT daybook.note_refresh_end();
SELECT ok((SELECT refreshed_at > now() + interval '59 minutes' FROM daybook.vitals()),
          'a clock that was set back makes no refresh of the past the last');

INSERT INTO daybook.tokens (digest, project_id, expires_at, revoked_at) VALUES
    (sha256('1'), 'vital', NULL, NULL),
    (sha256('2'), 'vital', 'infinity', NULL),
    (sha256('3'), 'vital', now() + interval '15 days', NULL),
    (sha256('4'), 'vital', now() + interval '13 days', NULL),
    (sha256('5'), 'vital', now(), NULL),
    (sha256('6'), 'vital', now() - interval '1 year', NULL),
    (sha256('7'), 'vital', now() + interval '1 day', now()),
    (sha256('8'), 'vital', now() - interval '1 day', now()),
    (sha256('9'), 'vital', NULL, now());
SELECT is((SELECT tokens_active FROM daybook.vitals()), 4::bigint, 'a token is active until it ends or is revoked');
SELECT is((SELECT tokens_expiring FROM daybook.vitals()), 1::bigint, 'one that ends within 14 days is told, and is active');
UPDATE daybook.tokens t SET successor_id = s.token_id FROM daybook.tokens s
 WHERE t.digest = sha256('4') AND s.digest = sha256('3');
SELECT is((SELECT tokens_expiring FROM daybook.vitals()), 0::bigint, 'nobody need look after one that has another in its place');
SELECT is((SELECT tokens_expired FROM daybook.vitals()), 2::bigint, 'one that has ended is expired');
SELECT is((SELECT tokens_revoked FROM daybook.vitals()), 3::bigint, 'a revoked one is that alone, whenever it ends');

SELECT is((SELECT max(state) FROM daybook.store_check()), 0, 'the store is well');
SELECT is_empty('SELECT * FROM daybook.store_check() WHERE says IS NULL OR (todo IS NULL) <> (state = 0)',
                'each finding of the store says something, and what to do if something is to be done');
SELECT ok(NOT has_function_privilege('daybook_responder', 'daybook.store_check()', 'EXECUTE'),
          'only the owner has the store checked');
SELECT ok(NOT has_function_privilege('daybook_responder', 'daybook.note_refresh_end()', 'EXECUTE'),
          'nor may the responder''s role say that a refresh has ended');

SET ROLE daybook_responder;
SELECT is((SELECT tokens_active FROM daybook.vitals()), 4::bigint, 'the responder''s role may ask');
RESET ROLE;
SET ROLE daybook_reader;
SELECT throws_ok('SELECT * FROM daybook.vitals()', '42501', NULL, 'a reader may not');
RESET ROLE;
SET ROLE daybook_writer;
SELECT throws_ok('SELECT * FROM daybook.vitals()', '42501', NULL, 'a writer may not');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
