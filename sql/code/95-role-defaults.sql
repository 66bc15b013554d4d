-- The responder's role may change what its own sessions begin with, and whoever has got hold of it once may have. What
-- the responder sets itself does not cover everything: a bound of a millisecond ends a session before it can. So what is
-- there is taken back, and told. The owner does it as that role, which needs no more than to be its member; settings of a
-- superuser's stay. Citus would have each worker do it in a session of that role, which the same bound may end; the role
-- reads nothing there.
DO $$
DECLARE
    own_role CONSTANT text := pg_catalog.current_setting('role');
    taken    text;
BEGIN
    SELECT pg_catalog.string_agg(setting, ', ') INTO taken
      FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS setting
     WHERE s.setrole = pg_catalog.to_regrole('daybook_responder')
       AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d
                                  WHERE d.datname = pg_catalog.current_database()));
    IF taken IS NULL THEN
        RETURN;
    END IF;
    PERFORM pg_catalog.set_config('citus.enable_alter_role_set_propagation', 'off', true);
    PERFORM pg_catalog.set_config('role', 'daybook_responder', true);
    ALTER ROLE daybook_responder RESET ALL;
    EXECUTE pg_catalog.format('ALTER ROLE daybook_responder IN DATABASE %I RESET ALL', pg_catalog.current_database());
    PERFORM pg_catalog.set_config('role', own_role, true);
    RAISE WARNING 'sessions of daybook_responder began with settings of its own, which are reset where it could have '
                  'made them: %', taken;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'sessions of daybook_responder begin with settings of its own, which only a superuser may reset: %',
        taken;
END
$$;
