CREATE OR REPLACE FUNCTION daybook.rewrite_project(old_id text, new_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- An id whose events have all been taken back still has a version.
    DELETE FROM daybook.versions v WHERE v.project_id = new_id;
    PERFORM daybook.rewrite_rows('{events,pending,sightings,users,daily,retracted,versions}', old_id, new_id);
END
$$;
COMMENT ON FUNCTION daybook.rewrite_project(text, text) IS
    'Gives all rows of a project another id, or deletes them if that is null; but its registration and its tokens.';
REVOKE EXECUTE ON FUNCTION daybook.rewrite_project(text, text) FROM PUBLIC;
