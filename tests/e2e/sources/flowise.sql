-- Two flows of Flowise, in a database whose zone is Europe/Berlin: noon in UTC is 13:00 here in March, 14:00 in July.
CREATE TABLE chat_message (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), role varchar NOT NULL, content text, chatflowid uuid NOT NULL,
    "chatType" varchar NOT NULL, "chatId" varchar NOT NULL, "sessionId" varchar,
    "createdDate" timestamp NOT NULL DEFAULT now());
CREATE INDEX ON chat_message (chatflowid);
CREATE TABLE chat_message_feedback (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), chatflowid uuid NOT NULL, "chatId" varchar NOT NULL,
    "messageId" uuid NOT NULL UNIQUE, rating varchar NOT NULL, "createdDate" timestamp NOT NULL DEFAULT now());
CREATE TABLE execution (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), state varchar NOT NULL, "agentflowId" uuid NOT NULL,
    "sessionId" varchar NOT NULL, "createdDate" timestamp NOT NULL DEFAULT now(),
    "updatedDate" timestamp NOT NULL DEFAULT now());

CREATE FUNCTION id(name text) RETURNS uuid IMMUTABLE LANGUAGE sql AS 'SELECT md5(name)::uuid';

-- A question and its answer, in a chat of a flow.
CREATE FUNCTION say(flow text, chat text, session text, at timestamp, type text DEFAULT 'EXTERNAL') RETURNS void
LANGUAGE sql AS $$
    INSERT INTO chat_message (id, role, chatflowid, "chatType", "chatId", "sessionId", "createdDate")
    VALUES (id(flow || chat || at || 'question'), 'userMessage', id(flow), type, chat, session, at),
           (id(flow || chat || at || 'answer'), 'apiMessage', id(flow), type, chat, session, at + interval '9 seconds')
$$;

-- Chats c1 to c10 on 1 March, and so on for four days, each with the sessions s0 to s9, and three questions.
SELECT say('flow 1', 'c' || n, 's' || n % 10,
           timestamp '2026-03-01 10:00' + (n - 1) / 10 * interval '1 day' + m * interval '1 minute')
  FROM generate_series(1, 40) AS n, generate_series(1, 3) AS m;
-- Who tries it at the canvas, evaluates it or has it run by itself does not chat.
SELECT say('flow 1', type || n, type || n, '2026-03-01 10:00', type)
  FROM generate_series(1, 3) AS n, unnest('{INTERNAL,EVALUATION,SCHEDULED,WEBHOOK,MCP}'::text[]) AS type;
-- Another flow with a chat of the same name; a chat without a session; ids that are longer than Daybook takes.
SELECT say('flow 2', 'c1', 's1', '2026-03-01 10:00');
SELECT say('flow 2', 'c2', NULL, '2026-03-01 10:00');
SELECT say('flow 1', repeat('long', 60), repeat('longer', 60), '2026-03-04 11:00');
-- Two questions at one instant.
INSERT INTO chat_message (role, chatflowid, "chatType", "chatId", "sessionId", "createdDate")
SELECT 'userMessage', id('flow 1'), 'EXTERNAL', 'two', 's1', '2026-03-04 11:00' FROM generate_series(1, 2);
-- Past midnight in Berlin, and not yet in UTC: one hour in winter, two in summer. The first goes on with c1.
SELECT say('flow 1', 'c1', 's1', '2026-03-02 00:59:59.5');
SELECT say('flow 1', 'summer', 's1', '2026-07-02 01:30');

-- Thumbs of 2 March: four up, of which one past midnight, one down, and one of the canvas. Yesterday's is up.
INSERT INTO chat_message_feedback (id, chatflowid, "chatId", "messageId", rating, "createdDate")
SELECT id('f' || n), id('flow 1'), 'c' || n, m.id, CASE n WHEN 5 THEN 'THUMBS_DOWN' ELSE 'THUMBS_UP' END,
       CASE n WHEN 1 THEN timestamp '2026-03-02 00:30' WHEN 6 THEN date_trunc('day', now()) - interval '12 hours'
              ELSE '2026-03-02 11:00' END
  FROM generate_series(1, 6) AS n
  JOIN chat_message AS m ON m.id = id('flow 1c' || n || timestamp '2026-03-01 10:01' || 'answer');
INSERT INTO chat_message_feedback (chatflowid, "chatId", "messageId", rating, "createdDate")
SELECT chatflowid, "chatId", id, 'THUMBS_UP', '2026-03-02 11:00'
  FROM chat_message
 WHERE "chatId" = 'INTERNAL1' AND role = 'apiMessage';

-- Runs of 3 March: one failed past midnight in a session that has chats, one timed out as the first word of another, one failed at the
-- canvas; others ended well, wait for an answer, or go on.
INSERT INTO execution (id, state, "agentflowId", "sessionId", "createdDate", "updatedDate")
SELECT id('x' || n), state, id('flow 1'), session, t, t + n * interval '1 minute'
  FROM (VALUES (1, 'ERROR', 's1'), (2, 'TIMEOUT', 'nobody yet'), (3, 'ERROR', 'INTERNAL1'), (4, 'FINISHED', 's2'),
               (5, 'STOPPED', 's3'), (6, 'INPROGRESS', 's4'), (7, 'TERMINATED', 's5')) AS x (n, state, session),
       LATERAL (SELECT CASE n WHEN 1 THEN timestamp '2026-03-03 00:30' ELSE '2026-03-03 12:00' END) AS at (t);
