-- Partitions of the raw events, a month each.

CREATE OR REPLACE FUNCTION daybook.events_make_partition(moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms'
AS $$
DECLARE
    starts    CONSTANT timestamptz := date_trunc('month', moment);
    ends      CONSTANT timestamptz := starts + interval '1 month';
    partition CONSTANT text        := 'events_' || to_char(starts, 'YYYY_MM');
    -- Events strewn over the millennia must not make so many partitions that the server runs out of locks. So there
    -- are a century's worth of months, and this month and the next in any case. Other events stay in the default
    -- partition, where they count as well.
    most      CONSTANT integer     := 1200;
    is_due    CONSTANT boolean     := starts IN (date_trunc('month', now()), date_trunc('month', now() + interval '1 month'));
BEGIN
    IF to_regclass('daybook.' || partition) IS NOT NULL THEN
        IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'daybook.events'::regclass
                                                 AND inhrelid = to_regclass('daybook.' || partition)) THEN
            RAISE WARNING 'daybook.% is no partition of daybook.events: until it is renamed or moved, its month''s '
                          'events stay in daybook.events_default', partition;
        END IF;
        RETURN false;
    END IF;
    IF NOT is_due AND (SELECT count(*) FROM pg_inherits WHERE inhparent = 'daybook.events'::regclass) > most THEN
        RETURN false;
    END IF;
    -- Writers are kept out before they have chosen a partition: one that had chosen the default partition and then
    -- waited there would fail. This itself does not wait for long behind a writer or a dump, as all other writers
    -- would queue behind it.
    BEGIN
        LOCK TABLE ONLY daybook.events IN SHARE ROW EXCLUSIVE MODE;
        IF to_regclass('daybook.' || partition) IS NOT NULL THEN
            RETURN false; -- another has made it meanwhile
        END IF;
        EXECUTE format('CREATE TABLE daybook.%I (LIKE daybook.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                       partition);
        EXECUTE format('COMMENT ON TABLE daybook.%I IS %L', partition,
                       'Events of ' || to_char(starts, 'YYYY-MM') || ', UTC.');
        -- Whoever runs the refresh, the owner of the events must be able to change and drop what it makes.
        EXECUTE format('ALTER TABLE daybook.%I OWNER TO %s', partition,
                       (SELECT relowner::regrole FROM pg_class WHERE oid = 'daybook.events'::regclass));
        EXECUTE format('WITH moved AS (DELETE FROM daybook.events_default'
                       '                WHERE occurred_at >= %L AND occurred_at < %L RETURNING *)'
                       'INSERT INTO daybook.%I SELECT * FROM moved', starts, ends, partition);
        EXECUTE format('ALTER TABLE daybook.events ATTACH PARTITION daybook.%I FOR VALUES FROM (%L) TO (%L)',
                       partition, starts, ends);
        RETURN true;
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END;
END
$$;
COMMENT ON FUNCTION daybook.events_make_partition(timestamptz) IS
    'Makes the partition for the month of an instant, if it is missing, and moves that month''s events there. '
    'False: there was one, there are too many, or writers kept it from being made, and a later call will do.';
REVOKE EXECUTE ON FUNCTION daybook.events_make_partition(timestamptz) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.make_partitions()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    -- Writers wait while a partition is made, so a refresh stops after a second and the next goes on.
    deadline CONSTANT timestamptz := clock_timestamp() + interval '1 s';
    wanted   timestamptz;
BEGIN
    PERFORM daybook.events_make_partition(date_trunc('month', now()));
    PERFORM daybook.events_make_partition(date_trunc('month', now() + interval '1 month'));
    FOR wanted IN
        SELECT DISTINCT date_trunc('month', d.occurred_at) FROM daybook.events_default d ORDER BY 1 DESC
    LOOP
        EXIT WHEN clock_timestamp() > deadline;
        PERFORM daybook.events_make_partition(wanted);
    END LOOP;
END
$$;
COMMENT ON PROCEDURE daybook.make_partitions() IS
    'Makes partitions for this month, the next, and the months found in the default partition.';
REVOKE EXECUTE ON PROCEDURE daybook.make_partitions() FROM PUBLIC;

CALL daybook.make_partitions();
