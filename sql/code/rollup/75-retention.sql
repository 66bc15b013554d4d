-- Dropping old raw events. Their rollup stays.

CREATE OR REPLACE FUNCTION daybook.drop_raw_events(before date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s'
AS $$
DECLARE
    oldest name;
    ends   date;
BEGIN
    -- A rebuild reads all months one after the other, and would else meet a drop half-way.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT c.relname, (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::date
      INTO oldest, ends
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'daybook.events'::regclass AND c.relname ~ '^events_[0-9]{4}_[0-9]{2}$'
     ORDER BY c.relname LIMIT 1;
    IF ends IS NULL OR ends > drop_raw_events.before THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE daybook.%I', oldest);
    INSERT INTO daybook.retention AS r (raw_from) VALUES (ends)
    ON CONFLICT (is_only) DO UPDATE SET raw_from = greatest(r.raw_from, excluded.raw_from);
    RETURN oldest;
END
$$;
COMMENT ON FUNCTION daybook.drop_raw_events(date) IS
    'Drops the oldest month of raw events that ends before a day and returns its partition''s name, null if there '
    'is none. Call it until then, each time in a transaction of its own.';
REVOKE EXECUTE ON FUNCTION daybook.drop_raw_events(date) FROM PUBLIC;
