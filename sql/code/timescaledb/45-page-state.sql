-- What admission tells of a project: its first day with an event, and when its numbers last changed. A part has been
-- kept by the refresh, the rest came since. Versions of pages are not known here, so each page is read.

CREATE OR REPLACE VIEW daybook.first_days AS
SELECT project_id, min(day) AS first_day
  FROM (SELECT project_id, first_day AS day FROM daybook.freshness WHERE first_day IS NOT NULL
        UNION ALL
        SELECT project_id, day FROM daybook.changes WHERE day IS NOT NULL) AS days
 GROUP BY project_id;
COMMENT ON VIEW   daybook.first_days IS 'The projects that have an event, and their first days.';
COMMENT ON COLUMN daybook.first_days.project_id IS 'The project.';
COMMENT ON COLUMN daybook.first_days.first_day  IS 'Its first day with an event, UTC.';

-- For each request: so each look is at one entry of an index, and all is one query that becomes part of who asks. A
-- project that is registered has a row to begin with.
CREATE OR REPLACE FUNCTION daybook.page_state(project text, end_day date, settled_before date)
RETURNS TABLE (version bigint, first_day date, changed_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NULL::bigint,
           least(f.first_day, (SELECT c.day FROM daybook.changes c
                                WHERE c.project_id = project AND c.day IS NOT NULL ORDER BY c.day LIMIT 1)),
           greatest(f.changed_at, (SELECT c.added_at FROM daybook.changes c
                                    WHERE c.project_id = project ORDER BY c.added_at DESC LIMIT 1))
      FROM daybook.freshness f
     WHERE f.project_id = project;
END;
COMMENT ON FUNCTION daybook.page_state(text, date, date) IS
    'version: null. first_day: the project''s first day with an event. changed_at: when the newest change of its '
    'numbers was made. Both null: none. No row: there is no such project, and there was no event.';
REVOKE EXECUTE ON FUNCTION daybook.page_state(text, date, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settle_changes() RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM daybook.changes RETURNING project_id, day, added_at
    )
    INSERT INTO daybook.freshness AS f (project_id, first_day, changed_at)
    -- The clock, since a writer's time is that of its statement, and others may have seen it only later.
    SELECT g.project_id, min(g.day), clock_timestamp()
      FROM gone g
     GROUP BY g.project_id
    ON CONFLICT (project_id) DO UPDATE
       SET first_day  = least(f.first_day, excluded.first_day),
           changed_at = greatest(f.changed_at, excluded.changed_at);
END;
COMMENT ON FUNCTION daybook.settle_changes() IS 'Makes freshness of all changes. For refresh(), which holds its lock.';
REVOKE EXECUTE ON FUNCTION daybook.settle_changes() FROM PUBLIC;

-- A project's days are looked at only if the first of them has lost its events.
CREATE OR REPLACE FUNCTION daybook.settle_first_days(only_project text) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    UPDATE daybook.freshness f
       SET first_day = (SELECT min(l.day) FROM daybook.live l
                         WHERE l.project_id = f.project_id AND 0 <> ANY (l.counts))
     WHERE (only_project IS NULL OR f.project_id = only_project)
       AND (only_project IS NULL
            OR NOT EXISTS (SELECT FROM daybook.live l
                            WHERE l.project_id = only_project AND l.day = f.first_day AND 0 <> ANY (l.counts)));
END;
COMMENT ON FUNCTION daybook.settle_first_days(text) IS
    'Looks up the first day with an event, of a project whose events were taken back, or of all projects. For '
    'refresh(), which holds its lock.';
REVOKE EXECUTE ON FUNCTION daybook.settle_first_days(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.project_registered() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO daybook.freshness (project_id) VALUES (NEW.project_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.project_registered() IS 'Gives a new project its row in freshness.';
REVOKE EXECUTE ON FUNCTION daybook.project_registered() FROM PUBLIC;

CREATE OR REPLACE TRIGGER project_registered AFTER INSERT ON daybook.projects
    FOR EACH ROW EXECUTE FUNCTION daybook.project_registered();
COMMENT ON TRIGGER project_registered ON daybook.projects IS 'Gives a new project a row that admission reads.';
