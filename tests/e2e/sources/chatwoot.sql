-- Two accounts of Chatwoot. Account 1 has four days of ten conversations, each with all that is no message besides.
CREATE TABLE conversations (
    id serial PRIMARY KEY, account_id integer NOT NULL, contact_id bigint,
    created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE messages (
    id serial PRIMARY KEY, content text, account_id integer NOT NULL, conversation_id integer NOT NULL,
    message_type integer NOT NULL, private boolean NOT NULL DEFAULT false, status integer DEFAULT 0,
    content_attributes json DEFAULT '{}', sender_type varchar, sender_id bigint,
    created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE INDEX ON messages (created_at);
CREATE INDEX ON messages (conversation_id, account_id, message_type, created_at);
CREATE TABLE reporting_events (
    id bigserial PRIMARY KEY, name varchar, account_id integer, conversation_id integer,
    created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, event_end_time timestamp(6));
CREATE INDEX ON reporting_events (conversation_id);
CREATE TABLE csat_survey_responses (
    id bigserial PRIMARY KEY, account_id bigint NOT NULL, conversation_id bigint NOT NULL, rating integer NOT NULL,
    contact_id bigint NOT NULL, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);

-- Conversations 1 to 10 on 1 March, 11 to 20 on the next day, and so on, each day with the contacts 101 to 110.
INSERT INTO conversations (id, account_id, contact_id, created_at, updated_at)
SELECT n, 1, 101 + (n - 1) % 10, t, t
  FROM generate_series(1, 40) AS n,
       LATERAL (SELECT timestamp '2026-03-01 10:00' + (n - 1) / 10 * interval '1 day') AS at (t);
INSERT INTO conversations (id, account_id, contact_id, created_at, updated_at)
SELECT n, 2, 160 + n, t, t
  FROM generate_series(41, 45) AS n,
       -- The last one begins with 2 March in UTC, which is the day before in America.
       LATERAL (SELECT CASE n WHEN 45 THEN timestamp '2026-03-02 00:00' ELSE '2026-03-01 10:00' END) AS at (t);

CREATE FUNCTION say(conversation integer, minutes numeric, message_type integer, sender_type text DEFAULT NULL,
                    private boolean DEFAULT false, status integer DEFAULT 0, attributes json DEFAULT '{}')
RETURNS void LANGUAGE sql AS $$
    INSERT INTO messages (account_id, conversation_id, message_type, private, status, content_attributes, sender_type,
                          sender_id, created_at, updated_at)
    SELECT c.account_id, c.id, message_type, private, status, attributes, sender_type,
           CASE sender_type WHEN 'Contact' THEN c.contact_id ELSE 1 END, t, t
      FROM conversations AS c, LATERAL (SELECT c.created_at + minutes * interval '1 minute') AS at (t)
     WHERE c.id = conversation
$$;

-- In each: three messages of the contact, one of a bot and one of Captain, a greeting, an activity, a private note.
SELECT say(n, minutes, message_type, sender_type, private)
  FROM generate_series(1, 40) AS n,
       (VALUES (1, 3, NULL, false), (1, 0, 'Contact', false), (2, 1, 'AgentBot', false), (3, 0, 'Contact', false),
               (4, 1, 'Captain::Assistant', false), (5, 0, 'Contact', false), (6, 2, NULL, false),
               (7, 1, 'User', true)) AS m (minutes, message_type, sender_type, private);
SELECT say(n, 1, 0, 'Contact') FROM generate_series(41, 45) AS n;

-- Conversations 1, 11, 21 and 31 are handed over in their eighth minute; Chatwoot notes it five seconds later.
INSERT INTO reporting_events (name, account_id, conversation_id, created_at, updated_at, event_end_time)
SELECT name, 1, c.id, t + interval '5 seconds', t + interval '5 seconds', t
  FROM conversations AS c, LATERAL (SELECT c.created_at + interval '8 minutes') AS at (t),
       (VALUES ('conversation_bot_handoff'), ('first_response'), ('conversation_resolved')) AS e (name)
 WHERE c.id IN (1, 11, 21, 31);
-- A human speaks in 1 before it and twice after it, in 11 twice, in 21 on the next morning, and in 31 never; in 5 without
-- having been asked for.
SELECT say(n, minutes, 1, 'User')
  FROM (VALUES (1, 7.5), (1, 8.05), (1, 20), (11, 10), (11, 20), (21, 1380), (5, 30)) AS m (n, minutes);

-- One message could not be delivered; one of the contact and one of a bot have been deleted, marked in either way.
SELECT say(2, 9, 1, 'AgentBot', status => 3);
SELECT say(3, 9, 0, 'Contact', attributes => to_json('{"deleted":true}'::text));
SELECT say(4, 9, 1, 'AgentBot', attributes => '{"deleted": true}');
-- What jsonb cannot hold.
SELECT say(5, 9, 0, 'Contact', attributes => '{"email":{"subject":"\u0000"},"deleted":false}');
-- Half an hour before midnight in UTC, which is the next day in Berlin.
SELECT say(40, 810, 0, 'Contact');

-- Ratings of 1 March, and of the first and the last minute of 2 March.
INSERT INTO csat_survey_responses (account_id, conversation_id, rating, contact_id, created_at, updated_at)
SELECT c.account_id, c.id, s.rating, c.contact_id, s.t::timestamp, s.t::timestamp
  FROM (VALUES (1, 5, '2026-03-01 18:00'), (2, 5, '2026-03-01 18:00'), (3, 4, '2026-03-01 18:00'),
               (4, 4, '2026-03-01 18:00'), (5, 3, '2026-03-01 18:00'), (6, 2, '2026-03-01 18:00'),
               (7, 1, '2026-03-01 18:00'), (8, 5, '2026-03-01 18:00'), (11, 1, '2026-03-02 00:00'),
               (12, 2, '2026-03-02 23:59:30'), (13, 3, '2026-03-02 23:59:30'), (14, 4, '2026-03-02 23:59:30'),
               (41, 1, '2026-03-01 18:00')) AS s (conversation, rating, t)
  JOIN conversations AS c ON c.id = s.conversation;
