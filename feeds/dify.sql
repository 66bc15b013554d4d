-- Dify's conversations, messages, thumbs and requests for a human as events: one row each.
--
-- Written from Dify's api/models/model.py at commit 004b9612, api/models/human_input.py at 05ae8b36,
-- api/services/message_service.py at 0055b983 and api/controllers/console/app/statistic.py at 00cf21a1; it wants
-- release 1.13 or later, which brought human_input_forms. docs/feeds/dify.md says what each KPI means here.
--
-- $1 is an instant. Told is what came or changed at or after it. Dify writes all times in UTC, without a zone. Schema
-- names are left out: the tables are those of the session's search_path.
--
-- Indexes it wants, which Dify lacks: messages (updated_at), conversations (created_at).
--
-- A project is an app. A user is an end user, or an account that uses the app inside Dify. Runs of the debugger are left
-- out, and so are rows that do not say what they were run from: Dify's own statistics do the same.

-- A chat that its user has deleted has happened all the same.
SELECT 'c:' || c.id || ':chat_start'                       AS event_id,
       c.app_id::text                                      AS project_id,
       c.created_at AT TIME ZONE 'UTC'                     AS occurred_at,
       'chat_start'                                        AS kind,
       coalesce(c.from_end_user_id, c.from_account_id)::text AS user_id,
       c.id::text                                          AS chat_id,
       NULL::numeric                                       AS value,
       false                                               AS is_gone
  FROM conversations AS c
 WHERE c.created_at >= $1::timestamptz AT TIME ZONE 'UTC' AND c.invoke_from <> 'debugger'

UNION ALL

-- A row is a question and its answer. The answer is empty while it is written, and is filled in at its end; then
-- updated_at moves. It counts at the instant of the question, which never moves.
SELECT 'm:' || m.id || ':' || e.kind, m.app_id::text, m.created_at AT TIME ZONE 'UTC', e.kind,
       coalesce(m.from_end_user_id, m.from_account_id)::text, m.conversation_id::text, NULL, false
  FROM messages AS m
 CROSS JOIN LATERAL (VALUES ('inbound_message',  true),
                            ('outbound_message', m.answer <> ''),
                            ('api_error',        m.status = 'error')) AS e (kind, is_told)
 WHERE m.updated_at >= $1::timestamptz AT TIME ZONE 'UTC' AND m.invoke_from <> 'debugger' AND e.is_told

UNION ALL

-- A thumb is altered in its row, and not every release moves updated_at then. So all of the last 31 days are told again,
-- and the thumb that a row does not have is told as gone. Thumbs of Dify's own operators are from_source 'admin'.
SELECT 'f:' || f.id || ':' || e.kind, f.app_id::text, f.created_at AT TIME ZONE 'UTC', e.kind,
       f.from_end_user_id::text, f.conversation_id::text, NULL, f.rating IS DISTINCT FROM e.rating
  FROM message_feedbacks AS f
 CROSS JOIN (VALUES ('positive_feedback', 'like'), ('negative_feedback', 'dislike')) AS e (kind, rating)
 WHERE (f.created_at >= $1::timestamptz AT TIME ZONE 'UTC' - interval '31 days'
        OR f.updated_at >= $1::timestamptz AT TIME ZONE 'UTC')
   AND f.from_source = 'user'

UNION ALL

-- A chat flow asks for a human where it stops at a form that somebody gets by mail. A form that only the user of the
-- chat sees is a question to the user.
SELECT 'h:' || h.id || ':ht_request', h.app_id::text, h.created_at AT TIME ZONE 'UTC', 'ht_request',
       CASE r.created_by_role WHEN 'end_user' THEN r.created_by END::text, NULL, NULL, false
  FROM human_input_forms AS h
  LEFT JOIN workflow_runs AS r ON r.id = h.workflow_run_id
 WHERE h.created_at >= $1::timestamptz AT TIME ZONE 'UTC' AND h.form_kind = 'runtime'
   AND r.triggered_from IS DISTINCT FROM 'debugging' AND r.type IS DISTINCT FROM 'workflow'
   AND EXISTS (SELECT
                 FROM human_input_form_recipients AS t
                WHERE t.form_id = h.id AND t.recipient_type IN ('email_member', 'email_external'))
