-- Databases of releases 0.1.0 and 0.2.0 had a column for each measure. Their views stand on those columns, and cannot be
-- dropped, as others may stand on them: for the time being they show nothing. Nobody sees that, as all of a migrate is one
-- transaction, and writers wait for its end.

DO $$
DECLARE
    view record;
BEGIN
    IF pg_catalog.to_regclass('daybook.events') IS NOT NULL THEN
        LOCK TABLE daybook.events IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    FOR view IN
        SELECT c.oid::regclass AS name,
               pg_catalog.string_agg(
                   pg_catalog.format('NULL::%s%s AS %I', pg_catalog.format_type(a.atttypid, a.atttypmod),
                                     CASE WHEN a.attname = 'project_id' THEN ' COLLATE "C"' ELSE '' END, a.attname),
                   ', ' ORDER BY a.attnum) AS columns
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relkind = 'v' AND c.relnamespace = 'daybook_v1'::pg_catalog.regnamespace
           AND c.relname IN ('messages_daily', 'chats_daily', 'users_daily', 'csat_daily', 'ai_quality_daily',
                             'errors_daily')
         GROUP BY c.oid
    LOOP
        EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %s AS SELECT %s WHERE false', view.name, view.columns);
    END LOOP;
END
$$;
