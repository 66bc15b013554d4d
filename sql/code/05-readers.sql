-- Readers wait before they hold anything. A page locks the view of daybook_v1, then the KPI's, then live. The files below
-- replace these from the bottom up, and would wait for a page that waits for them. So the views are locked here, from the
-- top down. Resetting an option that no view has is what locks a view alone: LOCK TABLE would lock the tables below it.
DO $$
DECLARE
    view regclass;
BEGIN
    FOR view IN
        SELECT c.oid
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('daybook_v1', 'daybook') AND c.relkind = 'v'
           AND pg_catalog.to_regprocedure(pg_catalog.format('daybook.%I(text, date, date)', 'page_' || c.relname))
               IS NOT NULL
         ORDER BY n.nspname DESC, c.relname
    LOOP
        EXECUTE pg_catalog.format('ALTER VIEW %s RESET (security_barrier)', view);
    END LOOP;
END
$$;
