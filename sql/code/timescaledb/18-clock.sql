-- Which hours may go into the aggregates.

-- A writer notes as late what lies before the first of these instants. A refresh stops at the second, an hour before it. So
-- a watermark reaches an event that was not noted only if its transaction has been open for an hour. No watermark runs
-- ahead of the clock, whatever an event's own instant. If the clock is set back, both instants wait for it.
CREATE OR REPLACE FUNCTION daybook.late_before() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN greatest(date_trunc('hour', clock_timestamp(), 'UTC') - interval '1 hour',
                (SELECT r.up_to + interval '1 hour' FROM daybook.refreshed r));
COMMENT ON FUNCTION daybook.late_before() IS 'Events of earlier hours are late: the start of the hour before this one.';
REVOKE EXECUTE ON FUNCTION daybook.late_before() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.refresh_before() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN daybook.late_before() - interval '1 hour';
COMMENT ON FUNCTION daybook.refresh_before() IS 'Only earlier hours go into the aggregates.';
REVOKE EXECUTE ON FUNCTION daybook.refresh_before() FROM PUBLIC;
