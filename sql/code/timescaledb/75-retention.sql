-- Dropping old raw events. What the aggregate has of their days goes to daybook.daily.

-- In one transaction with the raw rows, their days leave the aggregate. No later refresh can take from daily what it finds no
-- raw rows of, whoever runs it.
CREATE OR REPLACE FUNCTION daybook.drop_raw_events(before date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' SET jit = off
AS $$
DECLARE
    ends date;
BEGIN
    -- Only a chunk that ends at midnight, in case the chunks have been given another length.
    SELECT daybook.utc_day(min(c.range_end)) INTO ends
      FROM timescaledb_information.chunks c
     WHERE c.hypertable_schema = 'daybook' AND c.hypertable_name = 'events'
       AND c.range_end <= drop_raw_events.before::timestamptz AND c.range_end = date_trunc('day', c.range_end);
    IF ends IS NULL THEN
        RETURN NULL;
    END IF;
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM daybook.lift(NULL, ARRAY(SELECT DISTINCT (c.bucket AT TIME ZONE 'UTC')::date
                                       FROM daybook.chat_aggregates c WHERE c.bucket < ends::timestamptz));
    PERFORM @extschema:timescaledb@.drop_chunks('daybook.events', older_than => ends::timestamptz);
    INSERT INTO daybook.retention AS r (raw_from) VALUES (ends)
    ON CONFLICT (is_only) DO UPDATE SET raw_from = greatest(r.raw_from, excluded.raw_from);
    RETURN format('events before %s', ends);
END
$$;
COMMENT ON FUNCTION daybook.drop_raw_events(date) IS
    'Drops the oldest chunk of raw events that ends before a day and returns what it was, null if there is none. '
    'Call it until then, each time in a transaction of its own.';
REVOKE EXECUTE ON FUNCTION daybook.drop_raw_events(date) FROM PUBLIC;
