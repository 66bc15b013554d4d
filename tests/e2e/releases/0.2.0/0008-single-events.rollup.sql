-- A statement that adds one event, as most writers send it, need not pay for what sums up many.

CREATE OR REPLACE FUNCTION daybook.events_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    one         record;
    known       record;
    is_active   boolean;
    is_returned boolean := false;
BEGIN
    SELECT a.project_id, a.user_id, a.kind, a.value, daybook.utc_day(a.occurred_at) AS day,
           EXISTS (SELECT FROM added OFFSET 1) AS has_more
      INTO one
      FROM added a LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    IF NOT one.has_more THEN
        -- The same as below, of one row. Only one of these statements looks at what others write, so it is judged
        -- by one snapshot as well.
        IF one.user_id IS NOT NULL THEN
            is_active := one.kind IN ('chat_start', 'inbound_message');
            SELECT u.first_day, u.active INTO known
              FROM daybook.users u
             WHERE u.project_id = one.project_id AND u.user_id = one.user_id;
            IF NOT FOUND OR one.day < known.first_day
               OR (one.day = known.first_day AND is_active AND NOT known.active) THEN
                INSERT INTO daybook.sightings (project_id, user_id, day, active)
                VALUES (one.project_id, one.user_id, one.day, is_active);
            ELSE
                is_returned := is_active AND one.day > known.first_day;
            END IF;
        END IF;
        INSERT INTO daybook.pending (
               project_id, day, chats, inbound_messages, outbound_messages, positive_feedback,
               negative_feedback, ht_requests, ht_starts, api_errors, csat_count, csat_sum,
               ai_quality_count, ai_quality_sum, returning_users)
        VALUES (one.project_id, one.day,
                (one.kind = 'chat_start')::integer,        (one.kind = 'inbound_message')::integer,
                (one.kind = 'outbound_message')::integer,  (one.kind = 'positive_feedback')::integer,
                (one.kind = 'negative_feedback')::integer, (one.kind = 'ht_request')::integer,
                (one.kind = 'ht_start')::integer,          (one.kind = 'api_error')::integer,
                (one.kind = 'csat')::integer,       CASE one.kind WHEN 'csat' THEN one.value ELSE 0 END,
                (one.kind = 'ai_quality')::integer, CASE one.kind WHEN 'ai_quality' THEN one.value ELSE 0 END,
                CASE WHEN is_returned THEN
                    (SELECT @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(one.user_id, 0), 12, 5, -1, 1))
                END);
        RETURN NULL;
    END IF;

    WITH seen AS MATERIALIZED (
        SELECT a.project_id, a.user_id, daybook.utc_day(a.occurred_at) AS day,
               bool_or(a.kind IN ('chat_start', 'inbound_message')) AS active
          FROM added a
         WHERE a.user_id IS NOT NULL
         GROUP BY 1, 2, 3
    ), judged AS MATERIALIZED (
        SELECT s.project_id, s.user_id, s.day, s.active,
               (SELECT u FROM daybook.users u
                 WHERE u.project_id = s.project_id AND u.user_id = s.user_id) AS known
          FROM seen s
    ), undecided AS (
        INSERT INTO daybook.sightings (project_id, user_id, day, active)
        SELECT j.project_id, j.user_id, j.day, j.active
          FROM judged j
         WHERE j.known IS NULL
            OR j.day < (j.known).first_day
            OR (j.day = (j.known).first_day AND j.active AND NOT (j.known).active)
    ), returned AS (
        SELECT j.project_id, j.day,
               @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(j.user_id, 0), 12, 5, -1, 1) AS users
          FROM judged j
         WHERE j.active AND j.day > (j.known).first_day
         GROUP BY 1, 2
    ), counted AS (
        SELECT a.project_id, daybook.utc_day(a.occurred_at) AS day,
               count(*) FILTER (WHERE a.kind = 'chat_start')        AS chats,
               count(*) FILTER (WHERE a.kind = 'inbound_message')   AS inbound_messages,
               count(*) FILTER (WHERE a.kind = 'outbound_message')  AS outbound_messages,
               count(*) FILTER (WHERE a.kind = 'positive_feedback') AS positive_feedback,
               count(*) FILTER (WHERE a.kind = 'negative_feedback') AS negative_feedback,
               count(*) FILTER (WHERE a.kind = 'ht_request')        AS ht_requests,
               count(*) FILTER (WHERE a.kind = 'ht_start')          AS ht_starts,
               count(*) FILTER (WHERE a.kind = 'api_error')         AS api_errors,
               count(*) FILTER (WHERE a.kind = 'csat')              AS csat_count,
               coalesce(sum(a.value) FILTER (WHERE a.kind = 'csat'), 0)       AS csat_sum,
               count(*) FILTER (WHERE a.kind = 'ai_quality')        AS ai_quality_count,
               coalesce(sum(a.value) FILTER (WHERE a.kind = 'ai_quality'), 0) AS ai_quality_sum
          FROM added a
         GROUP BY 1, 2
    )
    INSERT INTO daybook.pending (
           project_id, day, chats, inbound_messages, outbound_messages, positive_feedback,
           negative_feedback, ht_requests, ht_starts, api_errors, csat_count, csat_sum,
           ai_quality_count, ai_quality_sum, returning_users)
    SELECT c.project_id, c.day, c.chats, c.inbound_messages, c.outbound_messages, c.positive_feedback,
           c.negative_feedback, c.ht_requests, c.ht_starts, c.api_errors, c.csat_count, c.csat_sum,
           c.ai_quality_count, c.ai_quality_sum, r.users
      FROM counted c
      LEFT JOIN returned r ON r.project_id = c.project_id AND r.day = c.day;
    RETURN NULL;
END
$$;
