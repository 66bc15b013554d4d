-- Writes some 100 days of believable events of project demo, up to this minute, as CSV: busier on weekdays
-- and in the afternoon, growing, with users who come back.

SELECT setseed(0.42) \g /dev/null

COPY (
    WITH days AS MATERIALIZED (
        SELECT n, current_date - 99 + n AS day,
               ((60 + 0.7 * n) * (CASE WHEN extract(isodow FROM current_date - 99 + n) > 5 THEN 0.45 ELSE 1 END)
                * (0.85 + 0.3 * random()))::integer AS chats
          FROM generate_series(0, 99) AS n
    ), chats AS MATERIALIZED (
        SELECT format('d%s-%s', n, chat) AS chat_id,
               format('user-%s', floor((150 + 20 * n) * random() ^ 1.6)) AS user_id,
               day + interval '1 day' * (random() + random() + random()) / 3 AS starts,
               1 + floor(random() ^ 2 * 9)::integer AS turns,
               random() AS mood, random() AS luck
          FROM days, generate_series(1, chats) AS chat
    ), turns AS MATERIALIZED (
        SELECT chat_id, user_id, turn, luck, mood, random() AS chance,
               starts + turn * interval '50 s' + random() * interval '25 s' AS at
          FROM chats, generate_series(1, turns) AS turn
    ), happened (event_id, at, kind, user_id, chat_id, value) AS (
        SELECT chat_id || '-start', starts, 'chat_start', user_id, chat_id, NULL::numeric FROM chats
        UNION ALL
        SELECT format('%s-in-%s', chat_id, turn), at, 'inbound_message', user_id, chat_id, NULL FROM turns
        UNION ALL
        SELECT format('%s-out-%s', chat_id, turn), at + interval '7 s', 'outbound_message', user_id, chat_id, NULL
          FROM turns WHERE chance > 0.015
        UNION ALL
        SELECT format('%s-error-%s', chat_id, turn), at + interval '9 s', 'api_error', user_id, chat_id, NULL
          FROM turns WHERE chance <= 0.015
        UNION ALL
        SELECT chat_id || '-up', starts + interval '9 minutes', 'positive_feedback', user_id, chat_id, NULL
          FROM chats WHERE mood > 0.9
        UNION ALL
        SELECT chat_id || '-down', starts + interval '9 minutes', 'negative_feedback', user_id, chat_id, NULL
          FROM chats WHERE mood < 0.03
        UNION ALL
        SELECT chat_id || '-request', starts + interval '5 minutes', 'ht_request', user_id, chat_id, NULL
          FROM chats WHERE luck < 0.06
        UNION ALL
        SELECT chat_id || '-takeover', starts + interval '6 minutes', 'ht_start', user_id, chat_id, NULL
          FROM chats WHERE luck < 0.04
        UNION ALL
        SELECT chat_id || '-csat', starts + interval '10 minutes', 'csat', user_id, chat_id,
               least(5, 1 + floor(5 * sqrt(mood)))::numeric
          FROM chats WHERE luck > 0.85
        UNION ALL
        SELECT chat_id || '-quality', starts + interval '11 minutes', 'ai_quality', user_id, chat_id,
               round((0.55 + 0.42 * sqrt(mood))::numeric, 2)
          FROM chats WHERE luck > 0.2
    )
    SELECT event_id, 'demo' AS project_id, at AS occurred_at, kind, user_id, chat_id, value
      FROM happened
     WHERE at <= date_trunc('minute', now())
     ORDER BY at
) TO STDOUT (FORMAT csv, HEADER);
