-- A page changes when something becomes pending, and when something is folded; by nothing else. Settled days change with
-- late events alone, which are few, so they have a version of their own: an odd number. 0 names no version.
CREATE OR REPLACE FUNCTION daybook.page_version(project text, end_day date) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v daybook.versions;
BEGIN
    -- Only an event changes what a page shows. It may also change a later day, by turning it into a day of return. In
    -- any case it brings an increment of its own day, and folding that renews the version.
    IF EXISTS (SELECT FROM daybook.pending p WHERE p.project_id = project AND p.day < end_day) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO v FROM daybook.versions w WHERE w.project_id = project;
    RETURN CASE WHEN end_day <= daybook.settled_before() THEN 2 * coalesce(v.late, 0) + 1
                ELSE 2 * coalesce(v.latest, 1) END;
END
$$;
COMMENT ON FUNCTION daybook.page_version(text, date) IS
    'Of a page of a project that ends before a day: as long as it stays the same, so does the page. Null: something '
    'is pending, and the page must be read.';
REVOKE EXECUTE ON FUNCTION daybook.page_version(text, date) FROM PUBLIC;
