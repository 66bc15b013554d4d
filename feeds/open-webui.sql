-- Open WebUI's chats, messages and thumbs as events, from PostgreSQL: one row each. open-webui-sqlite.sql is for SQLite.
--
-- Written from Open WebUI's backend/open_webui/models: chats.py at commit 00059776, chat_messages.py at 02530d50 and
-- feedbacks.py at 83cbec64. docs/feeds/open-webui.md says what each KPI means here.
--
-- $1 is an instant. Told is what came or changed at or after it. Instants are numbers: seconds, and here and there
-- milliseconds, which are those above 10,000,000,000. What lies before 2020 is no instant, and is left out; Open WebUI
-- does not believe it either; nor what lies ahead by more than a day. Both are what a client says. So are the ids of
-- messages, of which long ones count by their digest. Schema names are left out: the tables are those of the session's search_path.
--
-- An index that it wants, which Open WebUI lacks: chat_message (updated_at). chat has one.
--
-- An installation is one project, here named open-webui. Chats that Open WebUI holds with itself are left out, as are
-- the copies that older releases make of a shared chat, whose user is shared-ID.

WITH since AS NOT MATERIALIZED (
    SELECT greatest(extract(epoch FROM $1::timestamptz), 0)::bigint AS seconds
), chats AS (
    SELECT c.id, c.user_id, c.created_at, c.updated_at
      FROM chat AS c
     WHERE coalesce(c.meta ->> 'internal', '') <> 'true' AND c.user_id NOT LIKE 'shared-%'
), told AS (
    SELECT 'c:' || c.id || ':chat_start' AS event_id, c.created_at, 'chat_start' AS kind, c.user_id,
           c.id AS chat_id, false AS is_gone
      FROM chats AS c
     CROSS JOIN since
     WHERE c.updated_at BETWEEN since.seconds AND 10000000000
        OR c.updated_at >= greatest(since.seconds * 1000, 10000000001)

    UNION ALL

    -- A message is a row that is there before its answer is: then done is false, or the content empty. A column of JSON
    -- without a value holds the JSON null, not NULL. An answer may fail after all, or be made anew in the same row.
    SELECT 'm:' || CASE WHEN octet_length(m.id) <= 180 THEN m.id ELSE md5(m.id) END || ':' || e.kind,
           m.created_at, e.kind, m.user_id, m.chat_id, e.is_gone
      FROM chat_message AS m
      JOIN chats AS c ON c.id = m.chat_id
     CROSS JOIN since
     CROSS JOIN LATERAL (
               SELECT coalesce(m.error::text, 'null') NOT IN ('null', 'false', '""', '{}')  AS failed,
                      m.done IS NOT FALSE
                      AND (coalesce(m.content::text, 'null') NOT IN ('null', '""', '[]')
                           OR coalesce(m.output::text, 'null') NOT IN ('null', '[]'))       AS answered) AS was
     CROSS JOIN LATERAL (VALUES ('inbound_message',  m.role = 'user',      false),
                                ('outbound_message', m.role = 'assistant', NOT was.answered),
                                ('api_error',        m.role = 'assistant', NOT was.failed))
                AS e (kind, is_told, is_gone)
     WHERE e.is_told
       AND (m.updated_at BETWEEN since.seconds AND 10000000000
            OR m.updated_at >= greatest(since.seconds * 1000, 10000000001))

    UNION ALL

    -- A thumb is a row, altered in place: the event keeps its id, and the newer thumb takes the place of the other. Its
    -- comment is a client's, and may hold \u0000, which no text can.
    SELECT 'f:' || f.id || ':rating', f.created_at,
           CASE said.rating WHEN '-1' THEN 'negative_feedback' ELSE 'positive_feedback' END,
           f.user_id, said.chat_id, coalesce(said.rating, '') NOT IN ('1', '-1')
      FROM feedback AS f
     CROSS JOIN since
     CROSS JOIN LATERAL (
               SELECT regexp_replace(f.data::text, '(?<!\\)((\\\\)*)\\u0000', '\1', 'g')::json ->> 'rating'  AS rating,
                      regexp_replace(f.meta::text, '(?<!\\)((\\\\)*)\\u0000', '\1', 'g')::json ->> 'chat_id' AS chat_id
               ) AS said
     WHERE f.type = 'rating'
       AND (f.updated_at BETWEEN since.seconds AND 10000000000
            OR f.updated_at >= greatest(since.seconds * 1000, 10000000001))
), dated AS (
    SELECT t.*, (CASE WHEN t.created_at > 10000000000 THEN t.created_at / 1000.0 ELSE t.created_at END)::float8 AS seconds
      FROM told AS t
)
SELECT event_id,
       'open-webui'  AS project_id,
       to_timestamp(CASE WHEN seconds < 253402300800 THEN seconds END) AS occurred_at,
       kind,
       user_id,
       CASE WHEN octet_length(chat_id) <= 200 THEN chat_id ELSE md5(chat_id) END AS chat_id,
       NULL::numeric AS value,
       is_gone
  FROM dated
 WHERE seconds >= 1577836800 AND seconds <= extract(epoch FROM now()) + 86400
