-- Dropping old raw events. Their rollup goes to daybook.daily.

-- A day may stand in daily already, which live shows as well. So what is put there takes the place of what was.
CREATE OR REPLACE VIEW daybook.live_by_kind AS
SELECT l.project_id, l.day, (daybook.kinds())[slot] AS kind, sum(l.counts[slot])::bigint AS events,
       sum(l.sums[slot]) AS score_sum, NULL::@extschema:hll@.hll AS users
  FROM daybook.live l, generate_subscripts(l.counts, 1) AS slot
 GROUP BY l.project_id, l.day, slot
UNION ALL
SELECT s.project_id, s.day, NULL, NULL, NULL, @extschema:hll@.hll_union_agg(s.returning_users)
  FROM (SELECT project_id, day, returning_users FROM daybook.live
        UNION ALL
        SELECT project_id, day, returning_users FROM daybook.sighted) AS s
 GROUP BY s.project_id, s.day;
COMMENT ON VIEW   daybook.live_by_kind IS 'What live and sighted come to: a row per kind, and one for the sketch.';
COMMENT ON COLUMN daybook.live_by_kind.project_id IS 'The project.';
COMMENT ON COLUMN daybook.live_by_kind.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.live_by_kind.kind       IS 'The kind of events; null in the row of the sketch.';
COMMENT ON COLUMN daybook.live_by_kind.events     IS 'Their number.';
COMMENT ON COLUMN daybook.live_by_kind.score_sum  IS 'The sum of their scores; null where they have none.';
COMMENT ON COLUMN daybook.live_by_kind.users      IS 'Sketch of the users who returned.';

-- As the raw rows go, what their days show is moved to daybook.daily, in one transaction. No later refresh can take it from
-- there, whoever runs it. The aggregates' own rows of these days go with the next refresh.
CREATE OR REPLACE FUNCTION daybook.drop_raw_events(before date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' SET jit = off
AS $$
DECLARE
    starts date;
    ends   date;
    chunk  regclass;
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
    -- No chunk is made meanwhile, and none that goes is written to: what is dropped is what has been added up.
    LOCK TABLE ONLY daybook.events, ONLY daybook.returns IN SHARE UPDATE EXCLUSIVE MODE;
    FOR chunk IN
        SELECT format('%I.%I', c.chunk_schema, c.chunk_name)
          FROM timescaledb_information.chunks c
         WHERE c.hypertable_schema = 'daybook' AND c.hypertable_name IN ('events', 'returns')
           AND c.range_start < ends::timestamptz
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', chunk);
    END LOOP;
    SELECT daybook.utc_day(min(e.occurred_at)) INTO starts FROM daybook.events e;

    INSERT INTO daybook.daily AS d (project_id, day, counts, sums, returning_users)
    SELECT a.project_id, a.day, daybook.spread(array_agg(a.kind), array_agg(a.events), 0::bigint),
           daybook.spread(array_agg(a.kind), array_agg(a.score_sum), NULL::numeric), @extschema:hll@.hll_union_agg(a.users)
      FROM daybook.live_by_kind a
     WHERE a.day >= starts AND a.day < ends
     GROUP BY a.project_id, a.day
    ON CONFLICT (project_id, day) DO UPDATE
       SET counts = excluded.counts, sums = excluded.sums, returning_users = excluded.returning_users;
    INSERT INTO daybook.touched (project_id, day)
    SELECT d.project_id, d.day FROM daybook.daily d WHERE d.day >= starts AND d.day < ends;

    PERFORM @extschema:timescaledb@.drop_chunks('daybook.events', older_than => ends::timestamptz);
    PERFORM @extschema:timescaledb@.drop_chunks('daybook.returns', older_than => ends);
    DELETE FROM daybook.returns r WHERE r.day < ends;
    INSERT INTO daybook.retention AS r (raw_from) VALUES (ends)
    ON CONFLICT (is_only) DO UPDATE SET raw_from = greatest(r.raw_from, excluded.raw_from);
    RETURN format('events before %s', ends);
END
$$;
COMMENT ON FUNCTION daybook.drop_raw_events(date) IS
    'Drops the oldest chunk of raw events that ends before a day and returns what it was, null if there is none. '
    'Call it until then, each time in a transaction of its own.';
REVOKE EXECUTE ON FUNCTION daybook.drop_raw_events(date) FROM PUBLIC;
