-- The aggregates still have the old rows, so their days are touched.
CREATE OR REPLACE FUNCTION daybook.rewrite_project(old_id text, new_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO daybook.touched (project_id, day)
    SELECT p.project_id, d.day
      FROM (SELECT DISTINCT daybook.utc_day(c.bucket) AS day FROM daybook.chat_aggregates c WHERE c.project_id = old_id
            UNION
            SELECT r.day FROM daybook.returns_daily r WHERE r.project_id = old_id) AS d,
           unnest(ARRAY[old_id, new_id]) AS p (project_id)
     WHERE p.project_id IS NOT NULL;
    -- An id whose events have all been taken back is still known there.
    DELETE FROM daybook.freshness f WHERE f.project_id = new_id;
    PERFORM daybook.rewrite_rows('{events,returns,sightings,users,daily,retracted,freshness,changes}', old_id, new_id);
END
$$;
COMMENT ON FUNCTION daybook.rewrite_project(text, text) IS
    'Gives all rows of a project another id, or deletes them if that is null; but its registration and its tokens.';
REVOKE EXECUTE ON FUNCTION daybook.rewrite_project(text, text) FROM PUBLIC;
