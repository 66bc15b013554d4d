DO $$
BEGIN
    IF pg_catalog.to_regclass('daybook.pending_0_2_0') IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO daybook.pending (project_id, day, kind, events, score_sum, returning_users, added_at)
    SELECT p.project_id, p.day, k.kind::daybook.event_kind, k.events, CASE WHEN k.events <> 0 OR k.score_sum <> 0 THEN k.score_sum END,
           NULL, p.added_at
      FROM daybook.pending_0_2_0 p
     CROSS JOIN LATERAL (VALUES
           ('chat_start',        p.chats,             NULL::numeric),
           ('inbound_message',   p.inbound_messages,  NULL),
           ('outbound_message',  p.outbound_messages, NULL),
           ('positive_feedback', p.positive_feedback, NULL),
           ('negative_feedback', p.negative_feedback, NULL),
           ('ht_request',        p.ht_requests,       NULL),
           ('ht_start',          p.ht_starts,         NULL),
           ('csat',              p.csat_count,        p.csat_sum),
           ('ai_quality',        p.ai_quality_count,  p.ai_quality_sum),
           ('api_error',         p.api_errors,        NULL)) AS k (kind, events, score_sum)
     WHERE k.events <> 0 OR k.score_sum <> 0
    UNION ALL
    SELECT p.project_id, p.day, NULL, NULL, NULL, p.returning_users, p.added_at
      FROM daybook.pending_0_2_0 p
     WHERE p.returning_users IS NOT NULL;
    DROP TABLE daybook.pending_0_2_0;
END
$$;
