-- What admission tells of a project and of the page that is asked for.
--
-- A page changes when something becomes pending, and when something is folded; by nothing else. Settled days change
-- with late events alone, which are few, so they have a version of their own: an odd number. 0 names no version.
--
-- Only an event changes what a page shows. It may also change a later day, by turning it into a day of return. In any
-- case it brings an increment of its own day, and folding that renews the version.
--
-- A first day that is pending counts, even if what is pending takes its events back: such a day is in the rollup, or
-- has an event pending as well. The next refresh looks.

CREATE OR REPLACE VIEW daybook.first_days AS
SELECT project_id, min(day) AS first_day
  FROM (SELECT project_id, first_day AS day FROM daybook.versions WHERE first_day IS NOT NULL
        UNION ALL
        SELECT project_id, day FROM daybook.pending) AS days
 GROUP BY project_id;
COMMENT ON VIEW   daybook.first_days IS 'The projects that have an event, and their first days.';
COMMENT ON COLUMN daybook.first_days.project_id IS 'The project.';
COMMENT ON COLUMN daybook.first_days.first_day  IS 'Its first day with an event, UTC.';

-- A function of its own, so that nothing is made ready for it where nothing is pending.
CREATE OR REPLACE FUNCTION daybook.newest_pending(project text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT p.added_at FROM daybook.pending p WHERE p.project_id = project ORDER BY p.added_at DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION daybook.newest_pending(text) IS
    'When the newest increment of a project was added; null: none is pending.';
REVOKE EXECUTE ON FUNCTION daybook.newest_pending(text) FROM PUBLIC;

-- For each request: so each look is at one entry of an index, and all is one query that becomes part of who asks. A
-- project that is registered has a row to begin with.
CREATE OR REPLACE FUNCTION daybook.page_state(project text, end_day date, settled_before date)
RETURNS TABLE (version bigint, first_day date, changed_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN end_day IS NULL OR s.pending < end_day THEN NULL
                WHEN end_day <= settled_before THEN 2 * s.late + 1
                ELSE 2 * s.latest END,
           least(s.first_day, s.pending),
           greatest(to_timestamp(nullif(s.latest, 1) / double precision '1e6'),
                    CASE WHEN s.pending IS NOT NULL THEN daybook.newest_pending(project) END)
      FROM (SELECT v.latest, v.late, v.first_day,
                   (SELECT p.day FROM daybook.pending p WHERE p.project_id = project ORDER BY p.day LIMIT 1) AS pending
              FROM daybook.versions v
             WHERE v.project_id = project
            OFFSET 0) AS s; -- which keeps the planner from asking for pending wherever it stands
END;
COMMENT ON FUNCTION daybook.page_state(text, date, date) IS
    'version: of a page of a project that ends before a day, if the days before another are settled; as long as it '
    'stays the same, so does the page; null: something is pending, and the page must be read, or no day was given. '
    'first_day: the project''s first day with an event. changed_at: when the newest change of its numbers was made or '
    'folded. Both null: none. No row: there is no such project, and there was no event.';
REVOKE EXECUTE ON FUNCTION daybook.page_state(text, date, date) FROM PUBLIC;

-- What is folded alone. The days of a project that come behind its first are not looked at.
CREATE OR REPLACE FUNCTION daybook.settle_first_days(only_project text) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    UPDATE daybook.versions v
       SET first_day = (SELECT f.day FROM daybook.folded f
                         WHERE f.project_id = v.project_id AND 0 <> ANY (f.counts) ORDER BY f.day LIMIT 1)
     WHERE only_project IS NULL OR v.project_id = only_project;
END;
COMMENT ON FUNCTION daybook.settle_first_days(text) IS
    'Looks up the first day with an event, of a project or of all. For refresh(), which holds its lock.';
REVOKE EXECUTE ON FUNCTION daybook.settle_first_days(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.project_registered() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO daybook.versions (project_id, latest, late)
    VALUES (NEW.project_id, 1, -extract(epoch FROM clock_timestamp()) * 1000000)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.project_registered() IS 'Gives a new project its row in versions.';
REVOKE EXECUTE ON FUNCTION daybook.project_registered() FROM PUBLIC;

CREATE OR REPLACE TRIGGER project_registered AFTER INSERT ON daybook.projects
    FOR EACH ROW EXECUTE FUNCTION daybook.project_registered();
COMMENT ON TRIGGER project_registered ON daybook.projects IS 'Gives a new project a row that admission reads.';
