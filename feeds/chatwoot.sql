-- Chatwoot's conversations, messages, handovers and CSAT ratings as events: one row each.
--
-- Written from db/schema.rb of Chatwoot at commit 07cca48e (version 2026_07_29_094838), and
-- app/actions/contact_merge_action.rb. docs/feeds/chatwoot.md says what each KPI means here.
--
-- $1 is an instant. Told is what came or changed at or after it. Rails moves updated_at with every change, and a message
-- moves that of its conversation. created_at never moves, so it says when an event happened. Both are UTC, without a
-- zone. Schema names are left out: the tables are those of the session's search_path.
--
-- Indexes it wants, which Chatwoot lacks: messages (updated_at), conversations (updated_at). The others that it uses are
-- there: reporting_events (created_at), reporting_events (conversation_id), and messages by their conversation.
--
-- A project is an account, so accounts never mix. A user is a contact. When contacts are merged, conversations and
-- messages change hands and are told again.

-- A chat starts with its conversation, whoever began it.
SELECT 'c:' || c.id || ':chat_start'          AS event_id,
       c.account_id::text                     AS project_id,
       c.created_at AT TIME ZONE 'UTC'        AS occurred_at,
       'chat_start'                           AS kind,
       c.contact_id::text                     AS user_id,
       c.id::text                             AS chat_id,
       NULL::numeric                          AS value,
       false                                  AS is_gone
  FROM conversations AS c
 WHERE c.updated_at >= $1::timestamptz AT TIME ZONE 'UTC'

UNION ALL

-- message_type is 0 from the contact, 1 from a bot or a human. 2 are notes on what happened, 3 are greetings and surveys
-- that Chatwoot writes by itself; neither is a message of the two. A private message is a note among agents.
--
-- status 3 is a message that could not be delivered: an error, and no outbound message. It may be sent again, and a sent
-- one may fail later, so whichever of the two it is not is told as gone.
--
-- A deleted message stays a row, marked in content_attributes. These are JSON, or the same JSON once more in quotes, and
-- may hold what ->> cannot read; so the mark is looked for in the text.
SELECT 'm:' || m.id || ':' || e.kind, m.account_id::text, m.created_at AT TIME ZONE 'UTC', e.kind,
       coalesce(CASE WHEN m.sender_type = 'Contact' THEN m.sender_id END, c.contact_id)::text,
       m.conversation_id::text, NULL, e.is_gone
  FROM messages AS m
  JOIN conversations AS c ON c.id = m.conversation_id
 CROSS JOIN LATERAL (SELECT m.content_attributes::text ~ '\\?"deleted\\?":\s*true' IS TRUE AS deleted,
                            m.status IS NOT DISTINCT FROM 3                                AS failed) AS was
 CROSS JOIN LATERAL (VALUES ('inbound_message',  m.message_type = 0, was.deleted),
                            ('outbound_message', m.message_type = 1, was.deleted OR was.failed),
                            ('api_error',        m.message_type = 1 AND (was.failed OR m.updated_at > m.created_at),
                                                 NOT was.failed)) AS e (kind, is_told, is_gone)
 WHERE m.updated_at >= $1::timestamptz AT TIME ZONE 'UTC' AND m.message_type IN (0, 1) AND NOT m.private AND e.is_told

UNION ALL

-- A bot or Captain hands a conversation over. Chatwoot notes it once a conversation, a moment later.
SELECT 'r:' || r.id || ':ht_request', r.account_id::text, r.created_at AT TIME ZONE 'UTC', 'ht_request',
       c.contact_id::text, r.conversation_id::text, NULL, false
  FROM reporting_events AS r
  JOIN conversations AS c ON c.id = r.conversation_id
 WHERE r.created_at >= $1::timestamptz AT TIME ZONE 'UTC' AND r.name = 'conversation_bot_handoff'

UNION ALL

-- A takeover starts with the first message of a human after that. The others are told as gone: a message that commits
-- late may turn out to be the first.
SELECT 'm:' || m.id || ':ht_start', m.account_id::text, m.created_at AT TIME ZONE 'UTC', 'ht_start',
       c.contact_id::text, m.conversation_id::text, NULL,
       EXISTS (SELECT
                 FROM messages AS p
                WHERE p.conversation_id = m.conversation_id AND p.account_id = m.account_id AND p.message_type = 1
                  AND p.sender_type = 'User' AND NOT p.private AND p.created_at >= handed.over
                  AND (p.created_at, p.id) < (m.created_at, m.id))
  FROM messages AS m
  JOIN conversations AS c ON c.id = m.conversation_id
 CROSS JOIN LATERAL (SELECT min(least(r.event_end_time, r.created_at)) AS over
                       FROM reporting_events AS r
                      WHERE r.conversation_id = m.conversation_id AND r.account_id = m.account_id
                        AND r.name = 'conversation_bot_handoff') AS handed
 WHERE m.updated_at >= $1::timestamptz AT TIME ZONE 'UTC' AND m.message_type = 1 AND m.sender_type = 'User'
   AND NOT m.private AND m.created_at >= handed.over

UNION ALL

-- A rating is 1 to 5. A contact may alter it; it stays on the day on which it was given.
SELECT 's:' || s.id || ':csat', s.account_id::text, s.created_at AT TIME ZONE 'UTC', 'csat',
       s.contact_id::text, s.conversation_id::text, s.rating, false
  FROM csat_survey_responses AS s
 WHERE s.updated_at >= $1::timestamptz AT TIME ZONE 'UTC'
