-- Dropping old raw events. Their rollup stays.

-- Only folded events are dropped. An event that is not folded is its own increment, and stays until it is.
CREATE OR REPLACE FUNCTION daybook.drop_raw_events(before date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC'
AS $$
DECLARE
    starts timestamptz;
    ends   timestamptz;
BEGIN
    -- Neither a refresh nor a rebuild may see a month without its events and not know that they have been dropped.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT date_trunc('month', min(e.occurred_at)) INTO starts
      FROM daybook.events e
     WHERE e.folded IS NOT NULL AND e.occurred_at < drop_raw_events.before::timestamp AT TIME ZONE 'UTC';
    ends := starts + interval '1 month';
    IF ends IS NULL OR ends > drop_raw_events.before::timestamp AT TIME ZONE 'UTC' THEN
        RETURN NULL;
    END IF;
    DELETE FROM daybook.events WHERE folded IS NOT NULL AND occurred_at < ends;
    INSERT INTO daybook.retention AS r (raw_from) VALUES (ends::date)
    ON CONFLICT (is_only) DO UPDATE SET raw_from = greatest(r.raw_from, excluded.raw_from);
    RETURN to_char(starts, '"events_"YYYY_MM');
END
$$;
COMMENT ON FUNCTION daybook.drop_raw_events(date) IS
    'Deletes the oldest month of folded raw events that ends before a day and returns its name, null if there is '
    'none. Call it until then, each time in a transaction of its own.';
REVOKE EXECUTE ON FUNCTION daybook.drop_raw_events(date) FROM PUBLIC;
