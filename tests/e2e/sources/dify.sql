-- Two apps of Dify. App 1 has three days of ten conversations, and what its makers tried in the debugger.
CREATE TABLE conversations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), app_id uuid NOT NULL, invoke_from varchar(255),
    from_end_user_id uuid, from_account_id uuid, is_deleted boolean NOT NULL DEFAULT false,
    created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), app_id uuid NOT NULL, conversation_id uuid NOT NULL,
    query text NOT NULL, answer text NOT NULL, status varchar(255) NOT NULL DEFAULT 'normal', invoke_from varchar(255),
    from_end_user_id uuid, from_account_id uuid, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE INDEX ON messages (created_at, id);
CREATE TABLE message_feedbacks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), app_id uuid NOT NULL, conversation_id uuid NOT NULL,
    message_id uuid NOT NULL, rating varchar(255) NOT NULL, from_source varchar(255) NOT NULL,
    from_end_user_id uuid, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE workflow_runs (
    id uuid PRIMARY KEY, type varchar(255) NOT NULL, triggered_from varchar(255) NOT NULL,
    created_by_role varchar(255) NOT NULL, created_by uuid NOT NULL);
CREATE TABLE human_input_forms (
    id uuid PRIMARY KEY, app_id uuid NOT NULL, workflow_run_id uuid, form_kind varchar(255) NOT NULL,
    status varchar(255) NOT NULL DEFAULT 'waiting', created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE human_input_form_recipients (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), form_id uuid NOT NULL, recipient_type varchar(255) NOT NULL);
CREATE INDEX ON human_input_form_recipients (form_id);

CREATE FUNCTION id(name text) RETURNS uuid IMMUTABLE LANGUAGE sql AS 'SELECT md5(name)::uuid';

-- Conversations c1 to c10 on 1 March, and so on, each day with the users e0 to e4; one was deleted by its user.
INSERT INTO conversations
SELECT id('c' || n), id('app 1'), CASE n % 2 WHEN 0 THEN 'service-api' ELSE 'web-app' END, id('e' || n % 5), NULL,
       n = 3, t, t
  FROM generate_series(1, 30) AS n,
       LATERAL (SELECT timestamp '2026-03-01 10:00' + (n - 1) / 10 * interval '1 day') AS at (t);
-- Five in the debugger and one of a release that did not say; two of members inside Dify; two of another app.
INSERT INTO conversations
SELECT id(c.name), id(c.app), c.invoke_from, id(c.end_user), id(c.account), false, c.t::timestamp, c.t::timestamp
  FROM (SELECT 'd' || n, 'app 1', 'debugger', NULL, 'maker', '2026-03-01 09:00' FROM generate_series(1, 5) AS n
        UNION ALL VALUES ('old', 'app 1', NULL, 'e1', NULL, '2026-03-01 09:00'),
                         ('x1', 'app 1', 'explore', NULL, 'maker', '2026-03-02 23:59:59.5'),
                         ('x2', 'app 1', 'explore', NULL, 'member', '2026-03-02 00:00'),
                         ('o1', 'app 2', 'service-api', 'e1', NULL, '2026-03-01 09:00'),
                         ('o2', 'app 2', 'service-api', 'e2', NULL, '2026-03-01 09:00'))
       AS c (name, app, invoke_from, end_user, account, t);

-- Four messages in each of c1 to c30, and one in each of the others.
INSERT INTO messages
SELECT gen_random_uuid(), c.app_id, c.id, 'q', 'a', 'normal', c.invoke_from, c.from_end_user_id, c.from_account_id,
       c.created_at + n * interval '1 minute', c.created_at + n * interval '1 minute' + interval '9 seconds'
  FROM conversations AS c, generate_series(0, 3) AS n
 WHERE n = 0 OR c.id IN (SELECT id('c' || n) FROM generate_series(1, 30) AS n);
-- One without an answer: failed in c10, c20 and c30, still being written in c5, waiting for a human in c6.
INSERT INTO messages
SELECT id('m' || m.n), c.app_id, c.id, 'q', '', m.status, c.invoke_from, c.from_end_user_id, NULL,
       c.created_at + interval '1 hour', c.created_at + interval '1 hour'
  FROM (VALUES (10, 'error'), (20, 'error'), (30, 'error'), (5, 'normal'), (6, 'paused')) AS m (n, status)
  JOIN conversations AS c ON c.id = id('c' || m.n);

-- Thumbs of 1 March: six up and two down of users, three down of operators; and one up of yesterday.
INSERT INTO message_feedbacks
SELECT id('f' || n), id('app 1'), id('c1'), id('message ' || n),
       CASE WHEN n <= 6 OR n = 12 THEN 'like' ELSE 'dislike' END,
       CASE WHEN n BETWEEN 9 AND 11 THEN 'admin' ELSE 'user' END, id('e1'), t, t
  FROM generate_series(1, 12) AS n,
       LATERAL (SELECT CASE WHEN n < 12 THEN timestamp '2026-03-01 12:00'
                            ELSE date_trunc('day', now() AT TIME ZONE 'UTC') - interval '12 hours' END) AS at (t);

-- Forms: two of 2 March go to a member by mail; one of 3 March to a stranger, and its run has been cleared away. The
-- user of the chat gets one, a test another, and one comes from the debugger.
INSERT INTO workflow_runs
SELECT id('run ' || n), 'chat', CASE n WHEN 5 THEN 'debugging' ELSE 'app-run' END, 'end_user', id('e1')
  FROM generate_series(1, 5) AS n;
INSERT INTO human_input_forms
SELECT id('form ' || n), id('app 1'), id('run ' || n), CASE n WHEN 4 THEN 'delivery_test' ELSE 'runtime' END, 'waiting',
       t, t
  FROM generate_series(1, 6) AS n,
       LATERAL (SELECT timestamp '2026-03-02 11:00' + n / 6 * interval '1 day') AS at (t);
INSERT INTO human_input_form_recipients (form_id, recipient_type)
SELECT id('form ' || n), type
  FROM (VALUES (1, 'email_member'), (1, 'email_member'), (1, 'backstage'), (2, 'email_member'), (3, 'standalone_web_app'),
               (4, 'email_member'), (5, 'email_member'), (6, 'email_external')) AS r (n, type);
