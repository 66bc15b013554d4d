-- Everybody may connect to a new database, but only the roles need to. Not all is harmless that PostgreSQL and its
-- extensions allow to anybody who has connected.
DO $$
BEGIN
    IF (SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database d
         WHERE d.datname = pg_catalog.current_database()) THEN
        EXECUTE pg_catalog.format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC',
                                  pg_catalog.current_database());
        EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO daybook_responder, daybook_reader, daybook_writer',
                                  pg_catalog.current_database());
    ELSE
        RAISE WARNING 'everybody may connect to the database: its owner is to REVOKE CONNECT ON DATABASE % '
                      'FROM PUBLIC, and to GRANT CONNECT to daybook_responder, daybook_reader and daybook_writer',
                      pg_catalog.quote_ident(pg_catalog.current_database());
    END IF;
END
$$;
