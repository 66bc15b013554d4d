-- What the store citus needs. Only a superuser can give it. Changes nothing.

DO $$
DECLARE
    home    text;
    strayed text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'citus') THEN
        RAISE 'the server lacks the extension citus'
            USING HINT = 'Install Citus on the coordinator and on every worker.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') THEN
        RAISE 'the database lacks the extension citus'
            USING HINT = 'As a superuser: set shared_preload_libraries to citus, and CREATE EXTENSION citus in this '
                         'database on the coordinator and on every worker.';
    END IF;
    IF pg_catalog.current_setting('citus.shard_count', true) IS NULL THEN
        RAISE 'the extension citus is not loaded' USING HINT = 'Set shared_preload_libraries to citus and restart.';
    END IF;
    IF (SELECT groupid FROM pg_catalog.pg_dist_local_group) <> 0 THEN
        RAISE 'this server is a worker' USING HINT = 'Run it on the coordinator.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_dist_node
                    WHERE isactive AND shouldhaveshards AND noderole = 'primary') THEN
        RAISE 'Citus has no worker'
            USING HINT = 'As a superuser: citus_set_coordinator_host(HOST) and citus_add_node(HOST, PORT) for each; '
                         'or let the coordinator be its own: '
                         'citus_set_node_property(HOST, PORT, ''shouldhaveshards'', true).';
    END IF;
    IF pg_catalog.to_regrole('daybook_responder') IS NULL OR pg_catalog.to_regrole('daybook_reader') IS NULL
       OR pg_catalog.to_regrole('daybook_writer') IS NULL THEN
        RAISE 'the roles daybook_responder, daybook_reader and daybook_writer are not there'
            USING HINT = 'Only a superuser can make roles on all nodes; in this database, on the coordinator: '
                         'CREATE ROLE daybook_responder LOGIN; CREATE ROLE daybook_reader; CREATE ROLE daybook_writer.';
    END IF;

    SELECT e.extnamespace::regnamespace INTO home FROM pg_catalog.pg_extension e WHERE e.extname = 'hll';
    IF home IS NULL THEN
        RAISE 'the database lacks the extension hll'
            USING HINT = 'As a superuser: CREATE EXTENSION hll in this database on the coordinator and on every worker.';
    END IF;
    SELECT pg_catalog.string_agg(pg_catalog.format('%s:%s (%s)', n.nodename, n.nodeport, w.result), ', ')
      INTO strayed
      FROM run_command_on_workers(
           $q$SELECT coalesce((SELECT extnamespace::regnamespace::text FROM pg_catalog.pg_extension
                                WHERE extname = 'hll'), 'no hll')$q$) AS w
      JOIN pg_catalog.pg_dist_node n ON n.nodename = w.nodename AND n.nodeport = w.nodeport
     WHERE NOT w.success OR w.result <> home;
    IF strayed IS NOT NULL THEN
        RAISE 'workers cannot be reached as %, or have not the extension hll in schema %: %', current_user, home, strayed
            USING HINT = 'As a superuser, on each: CREATE EXTENSION hll SCHEMA ' || home
                         || '; and let the owner in from the other nodes, in pg_hba.conf.';
    END IF;
    IF pg_catalog.has_schema_privilege('public', 'citus_internal', 'USAGE') THEN
        RAISE WARNING 'whoever may connect may change where shards lie: see share/daybook/sql/hardening/citus.sql';
    END IF;
END
$$;
