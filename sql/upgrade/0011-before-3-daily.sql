-- The columns become arrays with a place for each kind of event, in the order of daybook.event_kind.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = pg_catalog.to_regclass('daybook.daily') AND a.attname = 'chats') THEN
        RETURN;
    END IF;
    ALTER TABLE daybook.daily RENAME COLUMN returning_users TO sketch;
    ALTER TABLE daybook.daily
        ADD COLUMN counts bigint[], ADD COLUMN sums numeric[], ADD COLUMN returning_users @extschema:hll@.hll;
    UPDATE daybook.daily
       SET counts = ARRAY[chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback, ht_requests,
                          ht_starts, csat_count, ai_quality_count, api_errors],
           sums   = CASE WHEN csat_count <> 0 OR ai_quality_count <> 0
                         THEN ARRAY[NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                    CASE WHEN csat_count <> 0 THEN csat_sum END,
                                    CASE WHEN ai_quality_count <> 0 THEN ai_quality_sum END] END,
           returning_users = sketch;
    ALTER TABLE daybook.daily
        DROP COLUMN sketch, DROP COLUMN chats, DROP COLUMN inbound_messages, DROP COLUMN outbound_messages,
        DROP COLUMN positive_feedback, DROP COLUMN negative_feedback, DROP COLUMN ht_requests, DROP COLUMN ht_starts, DROP COLUMN api_errors,
        DROP COLUMN csat_count, DROP COLUMN csat_sum, DROP COLUMN ai_quality_count, DROP COLUMN ai_quality_sum;
END
$$;

DO $$
BEGIN
    IF pg_catalog.to_regclass('daybook.daily') IS NOT NULL THEN
        COMMENT ON COLUMN daybook.daily.counts     IS
            'Number of events by kind: counts[daybook.slot(''csat'')]. Null, or beyond the bounds: none.';
        COMMENT ON COLUMN daybook.daily.sums       IS 'Sum of their scores, exact, likewise.';
        COMMENT ON COLUMN daybook.daily.returning_users IS
            'daybook.sketch() of the users active on the day and first seen before it; null: none.';
    END IF;
END
$$;
