-- Events, and their rollup on Citus: events, users and daily are distributed by project over the workers and
-- co-located, so that all that concerns a project lies on one worker.
--
--   events, not yet folded --refresh()--> daily, users
--
-- Distributed tables have no triggers with transition tables, and need none: an event that has not been folded is
-- itself the increment. Writers do nothing but append. The views add up daily and the events not yet folded, so an
-- event shows when its transaction commits. refresh() marks events and adds up what it has marked. Both lie on one
-- worker, and commit there together or not at all, whatever dies in between.

-- Citus 13 hands a literal instant to a worker as text in the DateStyle of the session, and the worker reads it in its
-- own: 2 March in German becomes 3 February. So writing is refused under such a style. It is a column's default that
-- refuses. The coordinator computes it once for each row, and nothing else there sees the session.
CREATE FUNCTION daybook.not_folded() RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('DateStyle') NOT LIKE 'ISO%' THEN
        RAISE EXCEPTION 'events are written under DateStyle ISO only: Citus would garble their instants'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'SET DateStyle = ISO';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.not_folded() IS 'Null; refuses a session whose instants Citus would garble.';
REVOKE EXECUTE ON FUNCTION daybook.not_folded() FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.not_folded() TO daybook_writer;

CREATE TABLE daybook.events (
    LIKE daybook.event INCLUDING ALL,
    folded bigint DEFAULT daybook.not_folded(),
    -- COPY fills every column on a worker, so a writer must hold INSERT on this one too.
    CONSTRAINT events_folded_by_refresh CHECK (
        folded IS NULL OR pg_catalog.has_column_privilege('daybook.events', 'folded', 'UPDATE'))
);
DROP TABLE daybook.event;
COMMENT ON TABLE  daybook.events IS
    'What happened, as the platform appends it. Distributed by project. Old months go by drop_raw_events().';
COMMENT ON COLUMN daybook.events.folded      IS 'Null: not in the rollup yet; else the mark of the refresh that put it there.';
COMMENT ON CONSTRAINT events_folded_by_refresh ON daybook.events IS 'only a refresh says what has been folded';
-- A changed event would not change its rollup. So nobody may change one, not even the owner. A refresh sets its mark.
REVOKE UPDATE ON daybook.events FROM CURRENT_USER;
GRANT UPDATE (folded) ON daybook.events TO CURRENT_USER;
-- The key's columns, so that a writer may say ON CONFLICT (project_id, event_id, occurred_at) DO NOTHING.
GRANT INSERT, SELECT (project_id, event_id, occurred_at) ON daybook.events TO daybook_writer;

-- The first is for what is not folded, as the views ask for it. It has daybook.utc_day() written out, as writers may not
-- call that. The second is for what one refresh has marked, and the third for old events, which retention looks for.
CREATE INDEX events_unfolded_idx ON daybook.events (project_id, ((occurred_at AT TIME ZONE 'UTC')::date))
 WHERE folded IS NULL;
CREATE INDEX events_folded_idx ON daybook.events (folded) WHERE folded IS NOT NULL;
CREATE INDEX events_occurred_at_idx ON daybook.events USING brin (occurred_at);

SELECT create_distributed_table('daybook.events', 'project_id', colocate_with => 'none');
SELECT create_distributed_table('daybook.users', 'project_id', colocate_with => 'daybook.events');
SELECT create_distributed_table('daybook.daily', 'project_id', colocate_with => 'daybook.events');
