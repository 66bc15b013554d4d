-- At version 2, an earlier release has made its own form of what comes next: the shape of an event is not there.

DO $$
BEGIN
    IF pg_catalog.to_regclass('daybook.event') IS NULL THEN
        RAISE 'a migrate of an earlier release was cut off here: finish it by that release''s daybook-admin migrate';
    END IF;
END
$$;
