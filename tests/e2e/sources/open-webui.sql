-- Four days of Open WebUI, for PostgreSQL and for SQLite: ten chats a day. 1772323200 is 2026-03-01 00:00 in UTC.
CREATE TABLE chat (
    id varchar PRIMARY KEY, user_id varchar, created_at bigint, updated_at bigint, meta json DEFAULT '{}');
CREATE TABLE chat_message (
    id text PRIMARY KEY, chat_id text NOT NULL REFERENCES chat (id) ON DELETE CASCADE, user_id text, role text NOT NULL,
    content json, output json, done boolean, error json, created_at bigint, updated_at bigint);
CREATE TABLE feedback (
    id text PRIMARY KEY, user_id text, type text, data json, meta json, snapshot json, created_at bigint,
    updated_at bigint);

-- Chats c1 to c10 on 1 March, and so on, of the users u0 to u7.
INSERT INTO chat (id, user_id, created_at, updated_at)
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40)
SELECT 'c' || n, 'u' || (n % 8), 1772359200 + (n - 1) / 10 * 86400, 1772359200 + (n - 1) / 10 * 86400 FROM n;
-- Chats that Open WebUI holds with itself, and copies that were shared.
INSERT INTO chat (id, user_id, created_at, updated_at, meta) VALUES
    ('i1', 'u1', 1772359200, 1772359200, '{"internal": true}'),
    ('i2', 'u9', 1772445600, 1772445600, '{"internal": true}'),
    ('s1', 'shared-c1', 1772359200, 1772359200, '{}'), ('s2', 'shared-c2', 1772445600, 1772445600, '{}');

-- Three questions and three answers in each, those of every fourth chat in milliseconds. No error is the JSON null.
INSERT INTO chat_message (id, chat_id, user_id, role, content, output, done, error, created_at, updated_at)
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 6),
               t (id, user_id, seconds, unit) AS (
                   SELECT id, user_id, created_at, CASE WHEN id LIKE '%4' OR id LIKE '%8' THEN 1000 ELSE 1 END FROM chat)
SELECT t.id || '-m' || n.n, t.id, t.user_id, CASE n.n % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, '"text"', NULL, true,
       'null', (t.seconds + n.n * 60) * t.unit, (t.seconds + n.n * 60 + 9) * t.unit
  FROM n, t;
INSERT INTO chat_message (id, chat_id, user_id, role, content, output, done, error, created_at, updated_at) VALUES
    ('c1-x', 'c1', 'u1', 'assistant', '""', NULL, false, 'null', 1772360000, 1772360000), -- still being written
    ('c2-x', 'c2', 'u2', 'assistant', '""', NULL, true, '{"content": "no model"}', 1772360000, 1772360000),
    ('c3-x', 'c3', 'u3', 'assistant', '"half"', NULL, true, '{"content": "cut off"}', 1772360000, 1772360000),
    ('c4-x', 'c4', 'u4', 'assistant', 'null', '[{"type": "message"}]', true, NULL, 1772360000, 1772360000),
    ('c5-x', 'c5', 'u5', 'system', '"be kind"', NULL, true, NULL, 1772360000, 1772360000),
    ('c6-x', 'c6', 'u6', 'user', '"when?"', NULL, true, NULL, 0, 1772360000),
    ('c7-x', 'c7', 'u7', 'user', '"again"', NULL, NULL, NULL, 1772360000, 1772360000),
    ('c8-x', 'c8', 'u0', 'assistant', '"so far"', NULL, false, 'null', 1772360000, 1772360000), -- still being written
    ('c40-x', 'c40', 'u0', 'user', '"late"', NULL, true, NULL, 1772668799999, 1772668799999); -- 4 March, 23:59:59.999

-- Thumbs of 2 March: five up, three down, one withdrawn, and one row that is no thumb.
INSERT INTO feedback (id, user_id, type, data, meta, created_at, updated_at) VALUES
    ('f1', 'u1', 'rating', '{"rating": 1}', '{"chat_id": "c1"}', 1772445600, 1772445600),
    ('f2', 'u2', 'rating', '{"rating": 1}', '{"chat_id": "c2"}', 1772445600, 1772445600),
    ('f3', 'u3', 'rating', '{"rating": 1, "details": {"rating": 9}}', '{"chat_id": "c3"}', 1772445600, 1772445600),
    ('f4', 'u4', 'rating', '{"rating": 1}', NULL, 1772445600, 1772445600),
    ('f5', 'u5', 'rating', '{"rating": "1"}', '{}', 1772445600, 1772445600),
    ('f6', 'u6', 'rating', '{"rating": -1}', '{"chat_id": "c6"}', 1772445600, 1772445600),
    ('f7', 'u7', 'rating', '{"rating": -1}', '{"chat_id": "c7"}', 1772445600, 1772445600),
    ('f8', 'u0', 'rating', '{"rating": "-1"}', '{"chat_id": "c8"}', 1772445600, 1772445600),
    ('f9', 'u1', 'rating', '{"rating": null}', '{"chat_id": "c9"}', 1772445600, 1772445600),
    ('f10', 'u1', 'comment', '{"rating": 1}', '{}', 1772445600, 1772445600);
