-- A store that does not tell versions has every page read. A store that does brings a file of this name.
CREATE OR REPLACE FUNCTION daybook.page_version(project text, end_day date) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN NULL::bigint;
COMMENT ON FUNCTION daybook.page_version(text, date) IS 'Null: the version is not known, and the page is read.';
REVOKE EXECUTE ON FUNCTION daybook.page_version(text, date) FROM PUBLIC;
