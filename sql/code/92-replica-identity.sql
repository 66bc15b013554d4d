-- Under a publication FOR ALL TABLES, no row can be deleted from a table that has no replica identity: refreshes would fail.
-- A primary key is one. Where there is none, the whole row has to be.
DO $$
DECLARE
    bare regclass;
BEGIN
    FOR bare IN
        SELECT c.oid FROM pg_catalog.pg_class c
         WHERE c.relnamespace = 'daybook'::regnamespace AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
           AND c.relreplident = 'd'
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY FULL', bare);
    END LOOP;
END
$$;
