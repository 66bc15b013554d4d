-- Renaming and deleting projects. rewrite_project(), which each store has in its own way, does it to what events there are
-- and to what was made of them.

-- The triggers on events stand aside, as all that they keep in step is rewritten as well.
CREATE OR REPLACE FUNCTION daybook.rewrite_rows(tables name[], old_id text, new_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rewritten name;
BEGIN
    PERFORM set_config('daybook.rewrites', 'on', true);
    FOREACH rewritten IN ARRAY tables LOOP
        EXECUTE CASE WHEN new_id IS NULL THEN format('DELETE FROM daybook.%I WHERE project_id = $1', rewritten)
                     ELSE format('UPDATE daybook.%I SET project_id = $2 WHERE project_id = $1', rewritten) END
          USING old_id, new_id;
    END LOOP;
    PERFORM set_config('daybook.rewrites', '', true);
END
$$;
COMMENT ON FUNCTION daybook.rewrite_rows(name[], text, text) IS
    'Gives the rows of a project another id in some tables, or deletes them if that is null.';
REVOKE EXECUTE ON FUNCTION daybook.rewrite_rows(name[], text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.has_data(project text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM daybook.events e WHERE e.project_id = project)
        OR EXISTS (SELECT FROM daybook.live l WHERE l.project_id = project);
END
$$;
COMMENT ON FUNCTION daybook.has_data(text) IS 'Whether there are events of a project, or numbers made of such.';
REVOKE EXECUTE ON FUNCTION daybook.has_data(text) FROM PUBLIC;

-- What was pulled into a project goes with it: for its new id nothing need be read again, and for one that is made anew
-- after a deletion all is. A map stays, as it has other projects as well.
CREATE OR REPLACE FUNCTION daybook.move_feeds(old_id text, new_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM daybook.feeds f WHERE f.projects = 'project ' || coalesce(new_id, old_id);
    UPDATE daybook.feeds f SET projects = 'project ' || new_id WHERE f.projects = 'project ' || old_id AND new_id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION daybook.move_feeds(text, text) IS
    'Gives how far feeds have been pulled into a project another id, or forgets it if that is null.';
REVOKE EXECUTE ON FUNCTION daybook.move_feeds(text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.rename_project(old_id text, new_id text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
BEGIN
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE; -- no refresh meanwhile
    INSERT INTO daybook.projects (project_id, name, created_at)
    SELECT new_id, p.name, p.created_at FROM daybook.projects p WHERE p.project_id = old_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF daybook.has_data(new_id) THEN
        RAISE EXCEPTION 'there are events of a project % already', new_id
            USING ERRCODE = 'unique_violation', HINT = 'daybook-admin project delete takes them away.';
    END IF;
    UPDATE daybook.tokens t SET project_id = new_id WHERE t.project_id = old_id;
    DELETE FROM daybook.projects p WHERE p.project_id = old_id;
    PERFORM daybook.move_feeds(old_id, new_id);
    PERFORM daybook.rewrite_project(old_id, new_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION daybook.rename_project(text, text) IS
    'Gives a project, its tokens, its events and its numbers another id; false: there is no such project.';
REVOKE EXECUTE ON FUNCTION daybook.rename_project(text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.delete_project(project text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    is_there boolean;
BEGIN
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE; -- no refresh meanwhile
    DELETE FROM daybook.tokens t WHERE t.project_id = project;
    DELETE FROM daybook.projects p WHERE p.project_id = project;
    is_there := FOUND OR daybook.has_data(project);
    PERFORM daybook.move_feeds(project, NULL);
    PERFORM daybook.rewrite_project(project, NULL);
    RETURN is_there;
END
$$;
COMMENT ON FUNCTION daybook.delete_project(text) IS
    'Deletes a project with its tokens, its events and its numbers; false: there is none of that.';
REVOKE EXECUTE ON FUNCTION daybook.delete_project(text) FROM PUBLIC;
