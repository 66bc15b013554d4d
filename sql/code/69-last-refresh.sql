-- Each refresh calls this at its end, in the transaction that ends it, or in the last of several. As a text: of a body
-- in standard SQL, Citus would warn that it does not know the coordinator's tables.
CREATE OR REPLACE FUNCTION daybook.note_refresh_end() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO daybook.last_refresh AS r (ended_at) VALUES (clock_timestamp())
    ON CONFLICT (is_only) DO UPDATE SET ended_at = greatest(r.ended_at, excluded.ended_at)
$$;
COMMENT ON FUNCTION daybook.note_refresh_end() IS 'Notes that a refresh has ended now.';
REVOKE EXECUTE ON FUNCTION daybook.note_refresh_end() FROM PUBLIC;
