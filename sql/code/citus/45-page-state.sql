-- What admission tells of a project: its first day with an event, and when its numbers last changed. A part has been
-- kept by the refresh, the rest is in what is not folded. Versions of pages are not known here, so each page is read.

CREATE OR REPLACE VIEW daybook.first_days AS
SELECT project_id, min(day) AS first_day
  FROM (SELECT project_id, first_day AS day FROM daybook.freshness WHERE first_day IS NOT NULL
        UNION ALL
        SELECT project_id, daybook.utc_day(occurred_at) FROM daybook.events WHERE folded IS NULL) AS days
 GROUP BY project_id;
COMMENT ON VIEW   daybook.first_days IS 'The projects that have an event, and their first days.';
COMMENT ON COLUMN daybook.first_days.project_id IS 'The project.';
COMMENT ON COLUMN daybook.first_days.first_day  IS 'Its first day with an event, UTC.';

-- For each request: so each look is at one entry of an index. Three questions to one worker, which Citus passes on as
-- they are, take a third of the time of one question that is made of them. What is not folded is asked for first: a
-- refresh that commits in between has put it where the last question looks.
--
-- Nobody has noted when an event that is not folded came. It came since the last refresh, and so about now.
CREATE OR REPLACE FUNCTION daybook.page_state(project text, end_day date, settled_before date)
RETURNS TABLE (version bigint, first_day date, changed_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET plan_cache_mode = 'auto'
AS $$
DECLARE
    pending date;
    noted   timestamptz;
BEGIN
    IF project IS NULL THEN
        RETURN;
    END IF;
    SELECT daybook.utc_day(e.occurred_at) INTO pending
      FROM daybook.events e
     WHERE e.project_id = project AND e.folded IS NULL ORDER BY daybook.utc_day(e.occurred_at) LIMIT 1;
    SELECT c.added_at INTO noted
      FROM daybook.changes c WHERE c.project_id = project ORDER BY c.added_at DESC LIMIT 1;
    SELECT f.first_day, f.changed_at INTO page_state.first_day, page_state.changed_at
      FROM daybook.freshness f WHERE f.project_id = project;
    page_state.first_day := least(page_state.first_day, pending);
    page_state.changed_at := CASE WHEN pending IS NOT NULL THEN clock_timestamp()
                                  ELSE greatest(page_state.changed_at, noted) END;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION daybook.page_state(text, date, date) IS
    'version: null. first_day: the project''s first day with an event. changed_at: when the newest change of its '
    'numbers was made or folded; while an event is not folded, that is now. Both null: none.';
REVOKE EXECUTE ON FUNCTION daybook.page_state(text, date, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settle_changes(mark bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
BEGIN
    INSERT INTO daybook.freshness AS f (project_id, changed_at)
    SELECT c.project_id, max(c.added_at) FROM daybook.changes c WHERE c.settled_by = mark GROUP BY c.project_id
    ON CONFLICT (project_id) DO UPDATE SET changed_at = greatest(f.changed_at, excluded.changed_at);
    DELETE FROM daybook.changes c WHERE c.settled_by = mark;
END
$$;
COMMENT ON FUNCTION daybook.settle_changes(bigint) IS 'Makes freshness of the changes that bear a mark.';
REVOKE EXECUTE ON FUNCTION daybook.settle_changes(bigint) FROM PUBLIC;

-- What is folded alone.
CREATE OR REPLACE FUNCTION daybook.settle_first_days(only_project text, mark bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    UPDATE daybook.freshness f SET first_day = NULL, changed_at = greatest(f.changed_at, moment)
     WHERE (only_project IS NULL OR f.project_id = only_project)
       AND (mark IS NULL OR EXISTS (SELECT FROM daybook.retracted r
                                     WHERE r.project_id = f.project_id AND r.settled_by = mark));
    INSERT INTO daybook.freshness AS f (project_id, first_day, changed_at)
    SELECT d.project_id, min(d.day), moment
      FROM daybook.daily d
     WHERE 0 <> ANY (d.counts) AND (only_project IS NULL OR d.project_id = only_project)
       AND (mark IS NULL OR EXISTS (SELECT FROM daybook.retracted r
                                     WHERE r.project_id = d.project_id AND r.settled_by = mark))
     GROUP BY d.project_id
    ON CONFLICT (project_id) DO UPDATE SET first_day = excluded.first_day;
END
$$;
COMMENT ON FUNCTION daybook.settle_first_days(text, bigint) IS
    'Looks up the first day with an event, and notes a change: of a project or of all, and of those alone whose '
    'retracted events bear a mark, if one is given.';
REVOKE EXECUTE ON FUNCTION daybook.settle_first_days(text, bigint) FROM PUBLIC;
