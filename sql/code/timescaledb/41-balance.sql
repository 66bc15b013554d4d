-- What the aggregate gets is taken from daily in the same transaction, and what it loses is put there. So the sum stays as it
-- is, whatever a refresh finds, whoever runs it, and wherever it ends. Only refresh() should: others cost time.

CREATE OR REPLACE FUNCTION daybook.put_in_daily(project text, on_day date, by_counts bigint[], by_sums numeric[],
                                                users @extschema:hll@.hll) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO daybook.daily AS d (project_id, day, counts, sums, returning_users)
    VALUES (project, on_day, by_counts, by_sums, users)
    ON CONFLICT (project_id, day) DO UPDATE
       SET counts          = daybook.added(d.counts, excluded.counts),
           sums            = daybook.added(d.sums, excluded.sums),
           returning_users = coalesce(@extschema:hll@.hll_union(d.returning_users, excluded.returning_users),
                                      d.returning_users, excluded.returning_users);
END
$$;
COMMENT ON FUNCTION daybook.put_in_daily(text, date, bigint[], numeric[], @extschema:hll@.hll) IS
    'Adds to a row of daily, or makes it.';
REVOKE EXECUTE ON FUNCTION daybook.put_in_daily(text, date, bigint[], numeric[], @extschema:hll@.hll) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.is_covered(part @extschema:hll@.hll, whole @extschema:hll@.hll) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN part IS NULL
    OR (whole IS NOT NULL AND @extschema:hll@.hll_eq(@extschema:hll@.hll_union(whole, part), whole));
COMMENT ON FUNCTION daybook.is_covered(@extschema:hll@.hll, @extschema:hll@.hll) IS
    'Whether uniting a sketch with another would change nothing.';
REVOKE EXECUTE ON FUNCTION daybook.is_covered(@extschema:hll@.hll, @extschema:hll@.hll) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.negative(counts bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT array_agg(-n.amount ORDER BY n.place) FROM unnest(counts) WITH ORDINALITY AS n (amount, place));
COMMENT ON FUNCTION daybook.negative(bigint[]) IS 'An array with each element negated; its places begin at 1.';
REVOKE EXECUTE ON FUNCTION daybook.negative(bigint[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.aggregate_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    on_day date;
    sums   numeric[];
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM daybook.put_in_daily(OLD.project_id, daybook.utc_day(OLD.bucket), OLD.counts, OLD.sums, OLD.returning_users);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;
    on_day := daybook.utc_day(NEW.bucket);
    -- As a rule nothing came late, and the whole row goes.
    DELETE FROM daybook.daily d
     WHERE d.project_id = NEW.project_id AND d.day = on_day
       AND d.counts = NEW.counts AND d.sums IS NOT DISTINCT FROM NEW.sums
       AND daybook.is_covered(d.returning_users, NEW.returning_users);
    IF FOUND THEN
        RETURN NULL;
    END IF;
    FOR i IN coalesce(array_lower(NEW.sums, 1), 1) .. coalesce(array_upper(NEW.sums, 1), 0) LOOP
        sums[i] := -NEW.sums[i];
    END LOOP;
    PERFORM daybook.put_in_daily(NEW.project_id, on_day, daybook.negative(NEW.counts), sums, NULL);
    UPDATE daybook.daily d SET returning_users = NULL
     WHERE d.project_id = NEW.project_id AND d.day = on_day AND d.returning_users IS NOT NULL
       AND daybook.is_covered(d.returning_users, NEW.returning_users);
    DELETE FROM daybook.daily d
     WHERE d.project_id = NEW.project_id AND d.day = on_day AND daybook.is_nothing(d);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.aggregate_changed() IS
    'Takes from daily what a row of chat_aggregates brings, and puts there what one takes away.';
REVOKE EXECUTE ON FUNCTION daybook.aggregate_changed() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.is_nothing(one daybook.daily) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN one.returning_users IS NULL AND (0 <> ANY (one.counts)) IS NOT TRUE AND (0 <> ANY (one.sums)) IS NOT TRUE;
COMMENT ON FUNCTION daybook.is_nothing(daybook.daily) IS 'Whether a row of daily adds nothing to what is shown.';
REVOKE EXECUTE ON FUNCTION daybook.is_nothing(daybook.daily) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.lift(only_project text, days date[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    -- Who aggregates at this moment has read the raw events before they change. So it ends first, or begins behind this.
    LOCK TABLE daybook.chat_aggregates IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM daybook.chat_aggregates c
     WHERE (only_project IS NULL OR c.project_id = only_project)
       AND (days IS NULL OR (c.bucket AT TIME ZONE 'UTC')::date = ANY (days));
END
$$;
COMMENT ON FUNCTION daybook.lift(text, date[]) IS
    'Moves what chat_aggregates has of a project, or of all, and of some days, or of all, into daily.';
REVOKE EXECUTE ON FUNCTION daybook.lift(text, date[]) FROM PUBLIC;

-- The trigger is on the table behind the aggregate, whose name differs from one database to another.
DO $$
DECLARE
    behind CONSTANT regclass := (SELECT format('%I.%I', a.materialization_hypertable_schema, a.materialization_hypertable_name)
                                   FROM timescaledb_information.continuous_aggregates a
                                  WHERE a.view_schema = 'daybook' AND a.view_name = 'chat_aggregates');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = behind AND t.tgname = 'aggregate_changed') THEN
        EXECUTE pg_catalog.format('CREATE TRIGGER aggregate_changed AFTER INSERT OR UPDATE OR DELETE ON %s
            FOR EACH ROW EXECUTE FUNCTION daybook.aggregate_changed()', behind);
        EXECUTE pg_catalog.format('COMMENT ON TRIGGER aggregate_changed ON %s IS %L', behind,
                                  'Keeps the sum of the aggregate and daily as it is.');
    END IF;
END
$$;
