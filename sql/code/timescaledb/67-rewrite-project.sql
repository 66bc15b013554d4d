CREATE OR REPLACE FUNCTION daybook.rewrite_project(old_id text, new_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
    PERFORM daybook.lift(old_id, NULL);
    -- An id whose events have all been taken back still has a version.
    DELETE FROM daybook.versions v WHERE v.project_id = new_id;
    PERFORM daybook.rewrite_rows('{events,pending,sightings,users,daily,retracted,versions}', old_id, new_id);
    -- One refresh gives many projects the same version. A page kept of who had the id before must not be taken for its.
    UPDATE daybook.versions v
       SET latest = greatest(v.latest + 1, moment), late = greatest(v.latest + 1, moment)
     WHERE v.project_id = new_id;
END
$$;
COMMENT ON FUNCTION daybook.rewrite_project(text, text) IS
    'Gives all rows of a project another id, or deletes them if that is null; but its registration and its tokens.';
REVOKE EXECUTE ON FUNCTION daybook.rewrite_project(text, text) FROM PUBLIC;
