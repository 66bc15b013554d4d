-- A project lies where its id says, so a row with another id is another row.
CREATE OR REPLACE FUNCTION daybook.rewrite_project(old_id text, new_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    name    text;
    columns text;
BEGIN
    -- An id whose events have all been taken back is still known there.
    DELETE FROM daybook.freshness f WHERE f.project_id = new_id;
    FOREACH name IN ARRAY '{events,users,daily,retracted,freshness,changes}'::text[] LOOP
        IF new_id IS NOT NULL THEN
            SELECT string_agg(quote_ident(a.attname), ', ') INTO columns
              FROM pg_attribute a
             WHERE a.attrelid = ('daybook.' || name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
               AND a.attname <> 'project_id';
            EXECUTE format('INSERT INTO daybook.%1$I (project_id, %2$s)'
                           'SELECT %3$L, %2$s FROM daybook.%1$I WHERE project_id = %4$L', name, columns, new_id, old_id);
        END IF;
        EXECUTE format('DELETE FROM daybook.%I WHERE project_id = $1', name) USING old_id;
    END LOOP;
END
$$;
COMMENT ON FUNCTION daybook.rewrite_project(text, text) IS
    'Gives all rows of a project another id, or deletes them if that is null; but its registration and its tokens.';
REVOKE EXECUTE ON FUNCTION daybook.rewrite_project(text, text) FROM PUBLIC;
