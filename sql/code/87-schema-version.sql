-- What a health check asks for, once a second and more: whether the program and the schema fit each other. As a text: see
-- daybook.vitals().
CREATE OR REPLACE FUNCTION daybook.schema_version(OUT schema_version integer, OUT store text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT (SELECT max(m.version) FROM daybook.migrations m), daybook.store()';
COMMENT ON FUNCTION daybook.schema_version() IS 'The number of the newest migration that this database has had, and its store.';
REVOKE EXECUTE ON FUNCTION daybook.schema_version() FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.schema_version() TO daybook_responder;
