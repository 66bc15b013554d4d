-- Open WebUI's chats, messages and thumbs as a file for daybook-admin import, from SQLite:
--
--   sqlite3 -readonly -csv -header webui.db < open-webui-sqlite.sql | daybook-admin import - --replace
--
-- It tells the same events as open-webui.sql, which names what it was written from, and why each is counted. SQLite has
-- no pull, so all of history is told each time, and what is there already is passed over. What is gone cannot be told.

WITH chats AS (
    SELECT id, user_id, created_at
      FROM chat
     WHERE coalesce(json_extract(meta, '$.internal'), 0) <> 1 AND user_id NOT LIKE 'shared-%'
), messages AS (
    SELECT m.id, m.chat_id, m.user_id, m.role, m.created_at,
           coalesce(m.error, 'null') NOT IN ('null', 'false', '""', '{}')   AS failed,
           coalesce(m.done, 1) <> 0
           AND (coalesce(m.content, 'null') NOT IN ('null', '""', '[]')
                OR coalesce(m.output, 'null') NOT IN ('null', '[]'))        AS answered
      FROM chat_message AS m
      JOIN chats AS c ON c.id = m.chat_id
), told AS (
    SELECT 'c:' || id || ':chat_start' AS event_id, created_at, 'chat_start' AS kind, user_id, id AS chat_id
      FROM chats
    UNION ALL
    SELECT 'm:' || id || ':inbound_message', created_at, 'inbound_message', user_id, chat_id
      FROM messages
     WHERE role = 'user'
    UNION ALL
    SELECT 'm:' || id || ':outbound_message', created_at, 'outbound_message', user_id, chat_id
      FROM messages
     WHERE role = 'assistant' AND answered
    UNION ALL
    SELECT 'm:' || id || ':api_error', created_at, 'api_error', user_id, chat_id
      FROM messages
     WHERE role = 'assistant' AND failed
    UNION ALL
    SELECT 'f:' || id || ':rating', created_at,
           CASE CAST(json_extract(data, '$.rating') AS text)
               WHEN '-1' THEN 'negative_feedback' ELSE 'positive_feedback' END,
           user_id, json_extract(meta, '$.chat_id')
      FROM feedback
     WHERE type = 'rating' AND CAST(json_extract(data, '$.rating') AS text) IN ('1', '-1')
), dated AS (
    SELECT *, CASE WHEN created_at > 10000000000 THEN created_at / 1000.0 ELSE created_at END AS seconds
      FROM told
)
SELECT event_id,
       'open-webui' AS project_id,
       strftime('%Y-%m-%dT%H:%M:%fZ', seconds, 'unixepoch') AS occurred_at,
       kind,
       user_id,
       chat_id
  FROM dated
 WHERE seconds BETWEEN 1577836800 AND CAST(strftime('%s', 'now') AS integer) + 86400;
