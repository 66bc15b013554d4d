-- Four days of an assistant of Rasa: ten sessions a day. 1772323200 is 2026-03-01 00:00 in UTC.
CREATE TABLE events (
    id serial PRIMARY KEY, sender_id varchar(255) NOT NULL, type_name varchar(255) NOT NULL, timestamp float,
    intent_name varchar(255), action_name varchar(255), data text);
CREATE INDEX ON events (sender_id);
CREATE TABLE users (
    sender_id varchar(255) PRIMARY KEY, user_id varchar(255) NOT NULL, conversation_started_timestamp float);

-- Something that happens in a session: which one, at which place in it, and how many seconds after its start.
CREATE FUNCTION tell(session integer, place integer, seconds float, type text, name text DEFAULT NULL,
                     said text DEFAULT 'hello') RETURNS void LANGUAGE sql AS $$
    INSERT INTO events (id, sender_id, type_name, timestamp, intent_name, action_name, data)
    SELECT session * 1000 + place, 'u' || session % 10, type, 1772359200 + (session - 1) / 10 * 86400 + seconds,
           CASE type WHEN 'user' THEN name END, CASE WHEN type IN ('action', 'slot') THEN name END,
           CASE type WHEN 'slot' THEN format('{"event": "slot", "name": "%s", "value": %s, "metadata": {}}', name, said)
                     ELSE format('{"event": "%s", "name": "%s", "text": "%s"}', type, name, said) END
$$;

-- Sessions 1 to 10 on 1 March, and so on, of the senders u0 to u9. What comes of one message has one timestamp.
SELECT tell(session, place, seconds, type, name)
  FROM generate_series(1, 40) AS session,
       (VALUES (10, 0, 'action', 'action_session_start'), (20, 0, 'session_started', NULL),
               (30, 0, 'action', 'action_listen'),
               (40, 1, 'user', 'greet'), (50, 1, 'action', 'utter_greet'), (60, 1, 'bot', NULL), (70, 1, 'bot', NULL),
               (80, 1, 'action', 'action_listen'), (90, 2, 'user', 'thank'), (100, 2, 'bot', NULL))
       AS e (place, seconds, type, name);

-- What nobody said: the channel, a timer, a reminder.
SELECT tell(1, 31, 0, 'user', 'session_start', '/session_start'), tell(1, 110, 60, 'user', 'silence_timeout'),
       tell(1, 120, 61, 'user', 'remind', 'EXTERNAL: remind');
-- Somebody asks for a human: by the default pattern of 3.16, by one of an assistant's own, by that before 3.16, and twice
-- by one with both names.
SELECT tell(1, 200, 70, 'user', 'human'), tell(1, 210, 70, 'action', 'action_handoff_metric'),
       tell(1, 220, 70, 'action', 'utter_human_handoff_not_available'), tell(1, 230, 70, 'bot');
SELECT tell(11, 200, 70, 'user', 'human'), tell(11, 210, 70, 'action', 'action_human_handoff');
SELECT tell(12, 200, 70, 'user', 'human'), tell(12, 210, 70, 'action', 'utter_human_handoff_not_available');
SELECT tell(13, 200, 70, 'user', 'human'), tell(13, 210, 70, 'action', 'action_handoff_metric'),
       tell(13, 220, 70, 'action', 'action_human_handoff'),
       tell(13, 300, 80, 'user', 'human'), tell(13, 310, 80, 'action', 'action_handoff_metric'),
       tell(13, 320, 80, 'action', 'action_human_handoff');
-- One error, and a message that was empty.
SELECT tell(21, 200, 70, 'action', 'utter_internal_error_rasa'),
       tell(22, 200, 70, 'action', 'utter_user_input_empty_error_rasa');
-- Satisfied, unsatisfied, 4 of 5, a second thought, nothing, another slot; and what session 12 has from session 2.
SELECT tell(2, 200, 90, 'slot', 'csat_score', '"satisfied"'), tell(3, 200, 90, 'slot', 'csat_score', '"unsatisfied"'),
       tell(4, 200, 90, 'slot', 'csat_score', '4.0'), tell(5, 200, 90, 'slot', 'csat_score', '"unsatisfied"'),
       tell(5, 210, 95, 'slot', 'csat_score', '"satisfied"'), tell(6, 200, 90, 'slot', 'csat_score', 'null'),
       tell(7, 200, 90, 'slot', 'csat_reason', '"satisfied"'), tell(12, 35, 0, 'slot', 'csat_score', '"satisfied"');
-- A tenth of a millisecond before midnight.
SELECT tell(40, 900, 50399.9999, 'user', 'bye');
-- A sender whose id is longer than Daybook takes, and two senders who are one user.
INSERT INTO events (id, sender_id, type_name, timestamp, intent_name, action_name, data)
SELECT 90000 + n, repeat('sender', 40), type, 1772618400, NULL, name, '{}'
  FROM (VALUES (1, 'action', 'action_session_start'), (2, 'user', NULL)) AS e (n, type, name);
INSERT INTO users (sender_id, user_id) VALUES ('u1', 'customer'), ('u2', 'customer');
