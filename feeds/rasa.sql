-- What Rasa's SQL tracker store keeps as events: one row each.
--
-- Written from Rasa Pro 3.16: rasa/core/tracker_stores/sql_tracker_store.py, after commit b52f2b0d, and the default
-- patterns and the changelog of its reference. docs/feeds/rasa.md says what each KPI means here, and how to read a
-- release before 3.16, which has no table users.
--
-- $1 is an instant. Told is what came at or after it: an event does not change. timestamp is in seconds since 1970, is
-- not unique and not precise, so id says what came first. Schema names are left out: the tables are those of the
-- session's search_path.
--
-- An index that it wants, which Rasa lacks: events (timestamp).
--
-- An assistant is one project, here named rasa. A user is the user_id of a sender, or else the sender. Their ids may be
-- longer than Daybook takes; then they are their MD5.
--
-- action_name holds the name of what an event names: of an action, and of a slot too.

WITH recent AS MATERIALIZED (
    SELECT e.id, e.sender_id, e.type_name, e.timestamp, e.intent_name, e.action_name,
           CASE WHEN e.type_name IN ('user', 'slot') THEN e.data END AS data
      FROM events AS e
     WHERE e.timestamp >= extract(epoch FROM $1::timestamptz)::float8
       AND (e.type_name IN ('user', 'bot', 'action') OR e.type_name = 'slot' AND e.action_name = 'csat_score')
), ratings AS MATERIALIZED (
    -- pattern_customer_satisfaction fills the slot csat_score, which is satisfied or unsatisfied, or 1 to 5 if an
    -- assistant has it so.
    SELECT id, sender_id, timestamp,
           substring(data FROM '"value":\s*"?(satisfied|unsatisfied|[1-5])(?:\.0)?"?\s*[,}]') AS score
      FROM recent
     WHERE type_name = 'slot'
), told AS (
    -- A chat is a session. Rasa itself takes this action for its start, as an assistant may leave out session_started.
    SELECT id, sender_id, timestamp, 'chat_start' AS kind, NULL::numeric AS value, false AS is_gone
      FROM recent
     WHERE type_name = 'action' AND action_name = 'action_session_start'

    UNION ALL

    -- What a channel, a timer or a reminder says in the user's place is no message.
    SELECT id, sender_id, timestamp, 'inbound_message', NULL, false
      FROM recent
     WHERE type_name = 'user' AND coalesce(intent_name, '') NOT IN ('session_start', 'silence_timeout')
       AND data NOT LIKE '%"text": "EXTERNAL: %'

    UNION ALL

    SELECT id, sender_id, timestamp, 'outbound_message', NULL, false
      FROM recent
     WHERE type_name = 'bot'

    UNION ALL

    -- The default pattern says action_handoff_metric since 3.16, and before only that there is nobody; assistants have
    -- action_human_handoff. Whichever of them come between two messages of the user are one request.
    SELECT r.id, r.sender_id, r.timestamp, 'ht_request', NULL, false
      FROM recent AS r
     WHERE r.type_name = 'action'
       AND r.action_name IN ('action_handoff_metric', 'action_human_handoff', 'utter_human_handoff_not_available')
       AND NOT EXISTS (
               SELECT
                 FROM events AS p
                WHERE p.sender_id = r.sender_id AND p.id < r.id AND p.type_name = 'action'
                  AND p.action_name IN ('action_handoff_metric', 'action_human_handoff',
                                        'utter_human_handoff_not_available')
                  AND NOT EXISTS (SELECT
                                    FROM events AS u
                                   WHERE u.sender_id = r.sender_id AND u.type_name = 'user'
                                     AND u.id > p.id AND u.id < r.id))

    UNION ALL

    -- pattern_internal_error ends in this; what it says of an empty or a long message of the user is no error.
    SELECT id, sender_id, timestamp, 'api_error', NULL, false
      FROM recent
     WHERE type_name = 'action' AND action_name = 'utter_internal_error_rasa'

    UNION ALL

    -- A slot that a new session has from the last one is no answer: no user has spoken yet. Of several answers in a
    -- session the last one counts.
    SELECT r.id, r.sender_id, r.timestamp, 'csat',
           CASE r.score WHEN 'satisfied' THEN 5 WHEN 'unsatisfied' THEN 1 ELSE r.score::numeric END,
           EXISTS (SELECT
                     FROM events AS n
                    WHERE n.sender_id = r.sender_id AND n.id > r.id AND n.type_name = 'slot'
                      AND n.action_name = 'csat_score'
                      AND n.data ~ '"value":\s*"?(satisfied|unsatisfied|[1-5](\.0)?)"?\s*[,}]'
                      AND NOT EXISTS (SELECT
                                        FROM events AS b
                                       WHERE b.sender_id = r.sender_id AND b.id > r.id AND b.id < n.id
                                         AND b.type_name = 'action' AND b.action_name = 'action_session_start'))
      FROM ratings AS r
     WHERE r.score IS NOT NULL
       AND (SELECT p.type_name
              FROM events AS p
             WHERE p.sender_id = r.sender_id AND p.id < r.id
               AND (p.type_name = 'user' OR p.type_name = 'action' AND p.action_name = 'action_session_start')
             ORDER BY p.id DESC
             LIMIT 1) = 'user'
)
SELECT 'e:' || t.id || ':' || t.kind AS event_id,
       'rasa'                        AS project_id,
       to_timestamp(t.timestamp)     AS occurred_at,
       t.kind,
       CASE WHEN octet_length(u.user_id) <= 200 THEN u.user_id WHEN u.user_id IS NOT NULL THEN md5(u.user_id)
            WHEN octet_length(t.sender_id) <= 200 THEN t.sender_id ELSE md5(t.sender_id) END AS user_id,
       CASE WHEN octet_length(t.sender_id) <= 200 THEN t.sender_id ELSE md5(t.sender_id) END AS chat_id,
       t.value,
       t.is_gone
  FROM told AS t
  LEFT JOIN users AS u ON u.sender_id = t.sender_id
