-- Everybody may connect to a new database and make temporary tables in it, but only the roles need to connect, and only the
-- owner needs those tables. Not all is harmless that PostgreSQL and its extensions allow to anybody who has connected, and
-- temporary tables can fill the disk. Each migrate looks, as a copy or a restored dump is a new database too.
DO $$
BEGIN
    IF (SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database d
         WHERE d.datname = pg_catalog.current_database()) THEN
        EXECUTE pg_catalog.format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', pg_catalog.current_database());
        EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO daybook_responder, daybook_reader, daybook_writer',
                                  pg_catalog.current_database());
    ELSIF EXISTS (SELECT FROM pg_catalog.pg_database d,
                              pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
                   WHERE d.datname = pg_catalog.current_database() AND a.grantee = 0) THEN
        RAISE WARNING 'everybody may connect to the database, or make temporary tables: its owner is to REVOKE ALL ON '
                      'DATABASE % FROM PUBLIC, and to GRANT CONNECT to daybook_responder, daybook_reader and '
                      'daybook_writer, and CONNECT and TEMPORARY to %',
                      pg_catalog.quote_ident(pg_catalog.current_database()), pg_catalog.quote_ident(current_user);
    END IF;
END
$$;
