-- Whether the place is there in which the raw events of a day would lie. A store whose raw events are in parts that somebody
-- may have taken away says which; see rollup/58-spans.sql.

CREATE OR REPLACE FUNCTION daybook.has_span(day date) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
COMMENT ON FUNCTION daybook.has_span(date) IS 'Whether the raw events of a day could be there.';
REVOKE EXECUTE ON FUNCTION daybook.has_span(date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.missing_spans(only_project text, first_day date, end_day date) RETURNS SETOF text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NULL::text WHERE false;
END;
COMMENT ON FUNCTION daybook.missing_spans(text, date, date) IS
    'The spans of days that have numbers, of a project or of all, and no place for raw events.';
REVOKE EXECUTE ON FUNCTION daybook.missing_spans(text, date, date) FROM PUBLIC;
