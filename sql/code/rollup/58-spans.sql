-- A month whose partition was detached or dropped by hand counts as dropped. Its events, if any come, lie in the default
-- partition until a refresh makes it anew.

CREATE OR REPLACE FUNCTION daybook.has_span(day date) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'daybook.events'::regclass AND c.relname = 'events_' || to_char(day, 'YYYY_MM'));
COMMENT ON FUNCTION daybook.has_span(date) IS 'Whether the month of a day has a partition of raw events.';
REVOKE EXECUTE ON FUNCTION daybook.has_span(date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.missing_spans(only_project text, first_day date, end_day date) RETURNS SETOF text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('days of %s: there is no partition daybook.events_%s', to_char(m.starts, 'YYYY-MM'),
                  to_char(m.starts, 'YYYY_MM'))
      FROM (SELECT DISTINCT date_trunc('month', d.day)::date AS starts
              FROM daybook.daily d
             WHERE d.day >= greatest(first_day, daybook.raw_from()) AND d.day < end_day
               AND (only_project IS NULL OR d.project_id = only_project)) AS m
     WHERE NOT daybook.has_span(m.starts)
       AND NOT EXISTS (SELECT FROM daybook.events_default e
                        WHERE e.occurred_at >= m.starts::timestamp AT TIME ZONE 'UTC'
                          AND e.occurred_at < (m.starts + interval '1 month') AT TIME ZONE 'UTC')
     ORDER BY m.starts;
END;
COMMENT ON FUNCTION daybook.missing_spans(text, date, date) IS
    'Months that have numbers, of a project or of all, and neither a partition nor raw events.';
REVOKE EXECUTE ON FUNCTION daybook.missing_spans(text, date, date) FROM PUBLIC;
