-- Days, and arithmetic on the arrays of the rollup. An element that is null or beyond the bounds counts for nothing.

CREATE OR REPLACE FUNCTION daybook.utc_day(moment timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (moment AT TIME ZONE 'UTC')::date;
COMMENT ON FUNCTION daybook.utc_day(timestamptz) IS 'The calendar day in UTC that owns an instant.';
REVOKE EXECUTE ON FUNCTION daybook.utc_day(timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settled_before() RETURNS date
LANGUAGE sql STABLE
RETURN daybook.utc_day(now()) - 2;
COMMENT ON FUNCTION daybook.settled_before() IS
    'Days before this one are settled: as a rule, all their events are there.';
REVOKE EXECUTE ON FUNCTION daybook.settled_before() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.raw_from() RETURNS date
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT t.raw_from FROM daybook.retention t), '-infinity');
END
$$;
COMMENT ON FUNCTION daybook.raw_from() IS 'Raw events of earlier days have been dropped.';
REVOKE EXECUTE ON FUNCTION daybook.raw_from() FROM PUBLIC;

-- sum() of bigint adds up in numeric, for sums that no count ever reaches. That would take a quarter of the time of a year's
-- page.
CREATE OR REPLACE AGGREGATE daybook.total(bigint) (
    SFUNC = int8pl, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE daybook.total(bigint) IS 'The sum of integers, 0 of none; fails above 2^63 - 1.';
REVOKE EXECUTE ON FUNCTION daybook.total(bigint) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.total(bigint) TO daybook_responder, daybook_reader;

-- For example, only('csat', 3) is '[8:8]={3}': the eighth place has 3, and there is no other.
CREATE OR REPLACE FUNCTION daybook.only(kind daybook.event_kind, amount bigint) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN kind IS NOT NULL AND amount IS NOT NULL
            THEN array_fill(amount, '{1}', ARRAY[array_position(daybook.kinds(), kind)]) END;
COMMENT ON FUNCTION daybook.only(daybook.event_kind, bigint) IS
    'An array that has an amount in the place of one kind and nothing else; null if either is.';
REVOKE EXECUTE ON FUNCTION daybook.only(daybook.event_kind, bigint) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.only(daybook.event_kind, bigint) TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.only(kind daybook.event_kind, amount numeric) RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN kind IS NOT NULL AND amount IS NOT NULL
            THEN array_fill(amount, '{1}', ARRAY[array_position(daybook.kinds(), kind)]) END;
COMMENT ON FUNCTION daybook.only(daybook.event_kind, numeric) IS
    'An array that has an amount in the place of one kind and nothing else; null if either is.';
REVOKE EXECUTE ON FUNCTION daybook.only(daybook.event_kind, numeric) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.only(daybook.event_kind, numeric) TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.added(a anyarray, b anyarray) RETURNS anyarray
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    result a%TYPE := a;
BEGIN
    FOR i IN coalesce(array_lower(b, 1), 1) .. coalesce(array_upper(b, 1), 0) LOOP
        IF b[i] IS NOT NULL THEN
            result[i] := coalesce(result[i], 0) + b[i];
        END IF;
    END LOOP;
    RETURN result;
END
$$;
COMMENT ON FUNCTION daybook.added(anyarray, anyarray) IS 'The sum of two arrays, place by place.';
REVOKE EXECUTE ON FUNCTION daybook.added(anyarray, anyarray) FROM PUBLIC;
