-- Increments had a column for each measure as well.

DO $$
BEGIN
    IF pg_catalog.to_regclass('daybook.pending') IS NOT NULL THEN
        ALTER TABLE daybook.pending RENAME TO pending_0_2_0;
        ALTER INDEX daybook.pending_project_id_day_idx RENAME TO pending_0_2_0_idx;
    END IF;
END
$$;

ALTER TABLE daybook.daily ALTER COLUMN counts SET STORAGE PLAIN;
