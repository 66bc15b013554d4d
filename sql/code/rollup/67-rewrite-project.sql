-- The triggers on events stand aside, as all that they keep in step is rewritten as well.
CREATE OR REPLACE FUNCTION daybook.rewrite_project(old_id text, new_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
BEGIN
    PERFORM set_config('daybook.rewrites', 'on', true);
    FOREACH name IN ARRAY '{events,pending,sightings,users,daily,retracted,versions}'::text[] LOOP
        EXECUTE CASE WHEN new_id IS NULL THEN format('DELETE FROM daybook.%I WHERE project_id = $1', name)
                     ELSE format('UPDATE daybook.%I SET project_id = $2 WHERE project_id = $1', name) END
          USING old_id, new_id;
    END LOOP;
    PERFORM set_config('daybook.rewrites', '', true);
END
$$;
COMMENT ON FUNCTION daybook.rewrite_project(text, text) IS
    'Gives all rows of a project another id, or deletes them if that is null; but its registration and its tokens.';
REVOKE EXECUTE ON FUNCTION daybook.rewrite_project(text, text) FROM PUBLIC;
