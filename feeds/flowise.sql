-- Flowise's messages, thumbs and failed runs as events: one row each.
--
-- Written from Flowise 3.1.3, commit ababf4c8: packages/server/src/database/entities/ChatMessage.ts,
-- ChatMessageFeedback.ts and Execution.ts, with the migrations beside them, and buildAgentflow.ts, addChatMesage.ts and
-- updateChatMessageFeedback.ts in packages/server/src/utils. docs/feeds/flowise.md says what each KPI means here.
--
-- $1 is an instant. Told is what came or changed at or after it. Schema names are left out: the tables are those of the
-- session's search_path. Names in capitals are quoted, as Flowise made them so.
--
-- Times have no zone, and are not UTC. Flowise itself writes those of messages, by the clock on its wall (TZ). The
-- server writes the others with now(), in the zone that postgresql.conf, the database or the role gives a session. That
-- one is what this session would have had: reset_val. The other one is taken to be the same, unless it is named:
--
--   ALTER ROLE daybook_pull SET daybook.flowise_zone = 'UTC'
--
-- Indexes it wants, which Flowise lacks: chat_message ("createdDate"), chat_message ("chatId"), chat_message ("sessionId").
--
-- A project is a chatflow or an agentflow. A user is a session, as Flowise knows no other. What is said on the canvas,
-- in evaluations and by schedules, webhooks and MCP is left out: only EXTERNAL is somebody who chats.
--
-- An id that its caller may choose is of any length; in an event's id, a long one is its MD5.

WITH zones AS MATERIALIZED (
    SELECT s.reset_val AS server, coalesce(nullif(current_setting('daybook.flowise_zone', true), ''), s.reset_val) AS own
      FROM pg_settings AS s
     WHERE s.name = 'TimeZone'
), since AS MATERIALIZED (
    SELECT $1::timestamptz AT TIME ZONE server AS server, $1::timestamptz AT TIME ZONE own AS own
      FROM zones
), messages AS MATERIALIZED (
    SELECT m.id, m.role, m.chatflowid, m."chatId", coalesce(m."sessionId", m."chatId") AS session, m."createdDate",
           row_number() OVER chat AS place, first_value(m."createdDate") OVER chat AS began,
           'c:' || CASE WHEN octet_length(m."chatId") <= 100 THEN m."chatId" ELSE md5(m."chatId") END || ':chat_start'
               AS start
      FROM chat_message AS m
     WHERE m."createdDate" >= (SELECT own FROM since) AND m."chatType" = 'EXTERNAL'
       -- The same, a day wider: of this the planner can tell how many rows there are.
       AND m."createdDate" >= $1::timestamptz AT TIME ZONE 'UTC' - interval '1 day'
    WINDOW chat AS (PARTITION BY m.chatflowid, m."chatId" ORDER BY m."createdDate", m.id)
), told AS (
    -- A chat starts with its first message. Nothing else tells of it.
    SELECT m.start       AS event_id,
           m.chatflowid  AS project_id,
           m."createdDate" AT TIME ZONE (SELECT own FROM zones) AS occurred_at,
           'chat_start'  AS kind,
           m.session,
           m."chatId"    AS chat,
           false         AS is_gone
      FROM messages AS m
     WHERE m.place = 1
       AND NOT EXISTS (SELECT
                         FROM chat_message AS p
                        WHERE p."chatId" = m."chatId" AND p.chatflowid = m.chatflowid AND p."chatType" = 'EXTERNAL'
                          AND p."createdDate" < m."createdDate")

    UNION ALL

    -- Flowise writes a question down once it is answered. So the second one of a chat may have been there before the
    -- first; then a chat that started with it has been told of.
    SELECT m.start, m.chatflowid, m."createdDate" AT TIME ZONE (SELECT own FROM zones), 'chat_start', m.session,
           m."chatId", true
      FROM messages AS m
     WHERE m.place BETWEEN 2 AND 5 AND m."createdDate" > m.began

    UNION ALL

    SELECT 'm:' || m.id || ':' || e.kind, m.chatflowid, m."createdDate" AT TIME ZONE (SELECT own FROM zones), e.kind,
           m.session, m."chatId", false
      FROM messages AS m
      JOIN (VALUES ('userMessage', 'inbound_message'), ('apiMessage', 'outbound_message')) AS e (role, kind)
           ON e.role = m.role

    UNION ALL

    -- A thumb is altered in its row, which does not say when. So all of the last 31 days are told again, and the thumb
    -- that a row does not have is told as gone.
    SELECT 'f:' || f.id || ':' || e.kind, f.chatflowid, f."createdDate" AT TIME ZONE (SELECT server FROM zones), e.kind,
           coalesce(m."sessionId", m."chatId"), f."chatId", f.rating IS DISTINCT FROM e.rating
      FROM chat_message_feedback AS f
      JOIN chat_message AS m ON m.id = f."messageId"
     CROSS JOIN (VALUES ('positive_feedback', 'THUMBS_UP'), ('negative_feedback', 'THUMBS_DOWN')) AS e (kind, rating)
     WHERE f."createdDate" >= (SELECT server FROM since) - interval '31 days' AND m."chatType" = 'EXTERNAL'

    UNION ALL

    -- A run of an agentflow that failed; nobody keeps those of a chatflow. Its messages are not kept either, so the
    -- session says who ran it. One that has other messages alone is somebody's at the canvas. A run may be resumed.
    SELECT 'x:' || x.id || ':api_error', x."agentflowId", x."createdDate" AT TIME ZONE (SELECT server FROM zones),
           'api_error', x."sessionId", NULL, x.state NOT IN ('ERROR', 'TIMEOUT')
      FROM execution AS x
     WHERE x."updatedDate" >= (SELECT server FROM since)
       AND (x.state IN ('ERROR', 'TIMEOUT') OR x."updatedDate" > x."createdDate")
       AND (EXISTS (SELECT FROM chat_message AS m WHERE m."sessionId" = x."sessionId" AND m."chatType" = 'EXTERNAL')
            OR NOT EXISTS (SELECT FROM chat_message AS m WHERE m."sessionId" = x."sessionId"))
)
SELECT event_id,
       project_id::text AS project_id,
       occurred_at,
       kind,
       CASE WHEN octet_length(session) <= 200 THEN session ELSE md5(session) END AS user_id,
       CASE WHEN octet_length(chat) <= 200 THEN chat ELSE md5(chat) END          AS chat_id,
       NULL::numeric AS value,
       is_gone
  FROM told
