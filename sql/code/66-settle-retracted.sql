-- Judges the users of retracted events anew. settle_returns(), which each store has in its own way, puts right what was made of
-- their days.
CREATE OR REPLACE FUNCTION daybook.settle_retracted(all_ended xid8, none_begun xid8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    project   text;
    has_moved boolean;
BEGIN
    FOR project IN SELECT DISTINCT r.project_id FROM daybook.retracted r LOOP
        has_moved := daybook.right_first_days(project);
        PERFORM daybook.settle_returns(project);
        PERFORM daybook.forget_retracted(project, has_moved, all_ended, none_begun);
    END LOOP;
END
$$;
COMMENT ON FUNCTION daybook.settle_retracted(xid8, xid8) IS
    'Judges the users of retracted events anew; see forget_retracted().';
REVOKE EXECUTE ON FUNCTION daybook.settle_retracted(xid8, xid8) FROM PUBLIC;
