-- What the store needs of the server; changes nothing.
DO $$
DECLARE
    version CONSTANT text := (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'timescaledb') THEN
        RAISE 'the store timescaledb needs the extension timescaledb, community edition, which this server lacks';
    ELSIF version IS NULL THEN
        RAISE 'the store timescaledb needs the extension timescaledb in this database'
            USING HINT = 'A superuser runs CREATE EXTENSION timescaledb there.';
    ELSIF NOT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'timescaledb.max_background_workers') THEN
        RAISE 'the store timescaledb needs timescaledb in shared_preload_libraries'
            USING HINT = 'Set it in postgresql.conf and restart the server.';
    ELSIF pg_catalog.regexp_match(version, '^([0-9]+)[.]([0-9]+)')::integer[] < '{2,27}' THEN
        RAISE 'the store timescaledb needs TimescaleDB 2.27 or newer, and this database has %', version
            USING HINT = 'A superuser runs ALTER EXTENSION timescaledb UPDATE, first in a new session.';
    ELSIF pg_catalog.current_setting('timescaledb.license') <> 'timescale' THEN
        RAISE 'the store timescaledb needs the community edition of TimescaleDB, and this server runs the Apache one'
            USING HINT = 'Install that edition, or take timescaledb.license = apache out of postgresql.conf.';
    END IF;
    IF pg_catalog.has_function_privilege('public', '_timescaledb_functions.drop_chunk(regclass)', 'EXECUTE') THEN
        RAISE WARNING 'whoever may connect may drop chunks: see share/daybook/sql/hardening/timescaledb.sql';
    END IF;
END
$$;
