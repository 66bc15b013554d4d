-- What a member of the least roles could do to everybody else.
BEGIN;
SELECT plan(21);

INSERT INTO daybook.projects (project_id) VALUES ('hardening'), ('other');
INSERT INTO daybook.tokens (digest, project_id) VALUES (sha256('pat-hardening'), 'hardening');

INSERT INTO daybook.events VALUES ('g1', 'hardening', '2025-06-01Z', 'chat_start', 'g'),
                                  ('g2', 'other', '2025-06-01Z', 'chat_start', 'g');
PREPARE page AS SELECT day FROM daybook.page_chats_daily($1, '2025-06-01', '2025-06-02');

-- A refused request must not read a page: its cost, and its time, would tell about a project.
SET ROLE daybook_responder;
SELECT is((SELECT verdict FROM daybook.admit(sha256('pat-hardening'), 'hardening')), 200, 'a request passes');
SELECT is(current_setting('daybook.admitted'), 'hardening', 'and its page may be read');
SELECT isnt_empty($$EXECUTE page('hardening')$$, 'and is');
SELECT is_empty($$EXECUTE page('other')$$, 'the page of another project is not');
SELECT is((SELECT verdict FROM daybook.admit(sha256('pat-hardening'), 'other')), 403, 'another project is refused');
SELECT is(current_setting('daybook.admitted'), '', 'and its page may not be read');
SELECT is_empty($$EXECUTE page('other')$$, 'and is not');
SELECT is((SELECT verdict FROM daybook.admit(sha256('pat-hardening'), 'hardening')), 200, 'a request passes');
SELECT is((SELECT verdict FROM daybook.admit(sha256('pat-nobody'), 'hardening')), 401, 'an unknown token is refused');
SELECT is(current_setting('daybook.admitted'), '', 'and the page that passed before may not be read');
SELECT is_empty($$EXECUTE page('hardening')$$, 'and is not');
RESET ROLE;
UPDATE daybook.windows SET used = 100;
SELECT is((SELECT verdict FROM daybook.admit(sha256('pat-hardening'), 'hardening')), 429, 'a full window refuses');
SELECT is(current_setting('daybook.admitted'), '', 'and the page may not be read');
SET ROLE daybook_responder;
SELECT is_empty($$EXECUTE page('hardening')$$, 'and is not');
RESET ROLE;

-- hll's defaults are the session's: a writer's must not shape the sketches.
INSERT INTO daybook.events VALUES ('h1', 'hardening', '2026-01-01Z', 'chat_start', 'u1');
CALL daybook.refresh();
INSERT INTO daybook.events VALUES ('h2', 'hardening', '2026-01-02Z', 'chat_start', 'u1');
CALL daybook.refresh();
-- Citus lets one transaction write as one user.
SELECT daybook.store() = 'citus' AS has_one_user \gset
\if :has_one_user
\else
SET ROLE daybook_writer;
\endif
SELECT isnt(public.hll_set_defaults(14, 7, 0, 0), NULL, 'a writer may set hll''s defaults');
INSERT INTO daybook.events VALUES ('h3', 'hardening', '2026-01-02Z', 'inbound_message', 'u1'),
                                  ('h4', 'hardening', '2026-01-03Z', 'inbound_message', 'u2');
RESET ROLE;
SELECT lives_ok('CALL daybook.refresh()', 'a refresh does not stumble over what it wrote');
SELECT results_eq($$SELECT unique_users FROM daybook_v1.users_daily WHERE project_id = 'hardening'
                                                                   AND day >= '2026-01-01' ORDER BY day$$,
                  ARRAY[0, 1, 0]::bigint[], 'nor does the view');

-- The disk is not for anybody to fill.
SET ROLE daybook_writer;
SELECT throws_ok($$SELECT lo_from_bytea(0, 'x')$$, '42501', NULL, 'a writer makes no large object');
RESET ROLE;
SELECT is(has_database_privilege('public', current_database(), 'temporary'), false,
          'not everybody makes temporary tables');

-- What keeps two refreshes apart must not be anybody's to hold.
SET ROLE daybook_reader;
SELECT throws_ok('LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE', '42501', NULL,
                 'a reader cannot hold up a refresh');
RESET ROLE;
SET ROLE daybook_writer;
SELECT throws_ok('LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE', '42501', NULL,
                 'nor can a writer');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
