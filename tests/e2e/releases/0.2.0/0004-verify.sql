-- Holding the rollup against the raw events that are left.

CREATE TABLE daybook.retention (
    raw_from date    NOT NULL,
    is_only  boolean NOT NULL DEFAULT true CONSTRAINT retention_pkey PRIMARY KEY,
    CONSTRAINT retention_only_row CHECK (is_only)
);
COMMENT ON TABLE  daybook.retention IS 'How far back the raw events are whole; no row: all the way.';
COMMENT ON COLUMN daybook.retention.raw_from IS 'Raw events of earlier days have been dropped. Their rollup stays.';
COMMENT ON COLUMN daybook.retention.is_only  IS 'Keeps it to one row.';
COMMENT ON CONSTRAINT retention_only_row ON daybook.retention IS 'there is one horizon';

CREATE FUNCTION daybook.recount(only_project text, first_day date, end_day date)
RETURNS SETOF daybook.daily
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH seen AS (
        SELECT s.project_id, s.user_id, min(s.day) AS first_day
          FROM (SELECT u.project_id, u.user_id, u.first_day AS day FROM daybook.users u
                UNION ALL
                SELECT e.project_id, e.user_id, daybook.utc_day(min(e.occurred_at)) FROM daybook.events e
                 WHERE e.user_id IS NOT NULL GROUP BY e.project_id, e.user_id) AS s
         WHERE recount.only_project IS NULL OR s.project_id = recount.only_project
         GROUP BY s.project_id, s.user_id
    )
    SELECT e.project_id, daybook.utc_day(e.occurred_at) AS day,
           count(*) FILTER (WHERE e.kind = 'chat_start'),
           count(*) FILTER (WHERE e.kind = 'inbound_message'),
           count(*) FILTER (WHERE e.kind = 'outbound_message'),
           count(*) FILTER (WHERE e.kind = 'positive_feedback'),
           count(*) FILTER (WHERE e.kind = 'negative_feedback'),
           count(*) FILTER (WHERE e.kind = 'ht_request'),
           count(*) FILTER (WHERE e.kind = 'ht_start'),
           count(*) FILTER (WHERE e.kind = 'api_error'),
           count(*) FILTER (WHERE e.kind = 'csat'),
           coalesce(sum(e.value) FILTER (WHERE e.kind = 'csat'), 0),
           count(*) FILTER (WHERE e.kind = 'ai_quality'),
           coalesce(sum(e.value) FILTER (WHERE e.kind = 'ai_quality'), 0),
           @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(e.user_id, 0), 12, 5, -1, 1) FILTER (
               WHERE e.kind IN ('chat_start', 'inbound_message')
                 AND s.first_day < daybook.utc_day(e.occurred_at))
      FROM daybook.events e
      LEFT JOIN seen s ON s.project_id = e.project_id AND s.user_id = e.user_id
     WHERE e.occurred_at >= recount.first_day::timestamp AT TIME ZONE 'UTC'
       AND e.occurred_at < recount.end_day::timestamp AT TIME ZONE 'UTC'
       AND (recount.only_project IS NULL OR e.project_id = recount.only_project)
     GROUP BY 1, 2;
END;
COMMENT ON FUNCTION daybook.recount(text, date, date) IS
    'What daybook.daily should hold of a project, or of all, for the days from one to before another, counted '
    'from the raw events that there are. Scans them all for the users'' first days.';
REVOKE EXECUTE ON FUNCTION daybook.recount(text, date, date) FROM PUBLIC;

CREATE FUNCTION daybook.shown(only_project text, first_day date, end_day date)
RETURNS SETOF daybook.daily
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.project_id, l.day, sum(l.chats)::bigint, sum(l.inbound_messages)::bigint,
           sum(l.outbound_messages)::bigint, sum(l.positive_feedback)::bigint,
           sum(l.negative_feedback)::bigint, sum(l.ht_requests)::bigint, sum(l.ht_starts)::bigint,
           sum(l.api_errors)::bigint, sum(l.csat_count)::bigint, sum(l.csat_sum),
           sum(l.ai_quality_count)::bigint, sum(l.ai_quality_sum),
           @extschema:hll@.hll_union_agg(l.returning_users)
      FROM (SELECT * FROM daybook.live
            UNION ALL
            SELECT r.project_id, r.day, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                   @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(r.user_id, 0), 12, 5, -1, 1)
              FROM daybook.sighted_returns r GROUP BY r.project_id, r.day) AS l
     WHERE l.day >= shown.first_day AND l.day < shown.end_day
       AND (shown.only_project IS NULL OR l.project_id = shown.only_project)
     GROUP BY l.project_id, l.day;
END;
COMMENT ON FUNCTION daybook.shown(text, date, date) IS
    'What the views show of a project, or of all, for the days from one to before another, as daybook.daily would '
    'hold it if all were folded.';
REVOKE EXECUTE ON FUNCTION daybook.shown(text, date, date) FROM PUBLIC;

CREATE FUNCTION daybook.verify(only_project text, first_day date, end_day date)
RETURNS TABLE (project_id text, day date, measure text, shown numeric, recounted numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT project_id, day, m.measure, m.shown, m.recounted
      FROM daybook.shown(verify.only_project, verify.first_day, verify.end_day) AS s
      FULL JOIN daybook.recount(verify.only_project, verify.first_day, verify.end_day) AS r
            USING (project_id, day)
     CROSS JOIN LATERAL (VALUES
           ('chats',             s.chats::numeric,             r.chats::numeric),
           ('inbound_messages',  s.inbound_messages::numeric,  r.inbound_messages::numeric),
           ('outbound_messages', s.outbound_messages::numeric, r.outbound_messages::numeric),
           ('positive_feedback', s.positive_feedback::numeric, r.positive_feedback::numeric),
           ('negative_feedback', s.negative_feedback::numeric, r.negative_feedback::numeric),
           ('ht_requests',       s.ht_requests::numeric,       r.ht_requests::numeric),
           ('ht_starts',         s.ht_starts::numeric,         r.ht_starts::numeric),
           ('api_errors',        s.api_errors::numeric,        r.api_errors::numeric),
           ('csat_count',        s.csat_count::numeric,        r.csat_count::numeric),
           ('csat_sum',          s.csat_sum,                   r.csat_sum),
           ('ai_quality_count',  s.ai_quality_count::numeric,  r.ai_quality_count::numeric),
           ('ai_quality_sum',    s.ai_quality_sum,             r.ai_quality_sum),
           ('returning_users',   round(@extschema:hll@.hll_cardinality(s.returning_users))::numeric,
                                 round(@extschema:hll@.hll_cardinality(r.returning_users))::numeric)
           ) AS m (measure, shown, recounted)
     WHERE coalesce(m.shown, 0) <> coalesce(m.recounted, 0)
       AND day >= coalesce((SELECT t.raw_from FROM daybook.retention t), '-infinity')
     ORDER BY project_id, day, m.measure;
END;
COMMENT ON FUNCTION daybook.verify(text, date, date) IS
    'Where what the views show differs from a recount, in one snapshot. Days whose raw events have been dropped '
    'are left out.';
REVOKE EXECUTE ON FUNCTION daybook.verify(text, date, date) FROM PUBLIC;
