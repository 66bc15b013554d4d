-- Readers wait before they hold anything. A page locks the view of daybook_v1, then the KPI's, and so on down to live.
-- The files below replace these from the bottom up, and would wait for a page that waits for them. So the views are
-- locked here, from the top down. Resetting an option that no view has is what locks a view alone: LOCK TABLE would
-- lock the tables below it.
DO $$
DECLARE
    view regclass;
BEGIN
    FOR view IN
        WITH RECURSIVE above (oid, height) AS (
            SELECT pg_catalog.to_regclass('daybook.live')::oid, 0
            UNION
            SELECT r.ev_class, a.height + 1
              FROM above a
              JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.oid
                                         AND d.classid = 'pg_catalog.pg_rewrite'::regclass
              JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND r.ev_class <> a.oid
        )
        SELECT c.oid
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN above a ON a.oid = c.oid
         WHERE c.relkind = 'v' AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
           AND (n.nspname = 'daybook_v1' OR n.nspname = 'daybook' AND a.oid IS NOT NULL)
         GROUP BY c.oid, n.nspname
         -- On citus, functions stand between the views of daybook_v1 and those below.
         ORDER BY n.nspname DESC, max(a.height) DESC NULLS LAST, c.oid
    LOOP
        EXECUTE pg_catalog.format('ALTER VIEW %s RESET (security_barrier)', view);
    END LOOP;
END
$$;
