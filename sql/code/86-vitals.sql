-- What a monitor asks for, at each of its looks: one row, and no raw event is read that has been folded.
--
-- As a text: Citus would warn, of a body in standard SQL, that it does not know the tables of the coordinator.
CREATE OR REPLACE FUNCTION daybook.vitals(
    OUT schema_version integer, OUT store text,
    OUT pending_rows bigint, OUT pending_since timestamptz, OUT refreshed_at timestamptz, OUT last_event_at timestamptz,
    OUT tokens_active bigint, OUT tokens_expiring bigint, OUT tokens_expired bigint, OUT tokens_revoked bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (SELECT max(m.version) FROM daybook.migrations m), daybook.store(),
           s.pending_rows, s.pending_since, (SELECT r.ended_at FROM daybook.last_refresh r), s.last_event_at,
           t.active, t.expiring, t.expired, t.revoked
      FROM daybook.store_vitals() s,
           (SELECT count(*) FILTER (WHERE k.state = 'active') AS active,
                   count(*) FILTER (WHERE k.state = 'active' AND k.successor_id IS NULL
                                      AND k.expires_at < now() + interval '14 days') AS expiring,
                   count(*) FILTER (WHERE k.state = 'expired') AS expired,
                   count(*) FILTER (WHERE k.state = 'revoked') AS revoked
              FROM (SELECT o.expires_at, o.successor_id, daybook.token_state(o.revoked_at, o.expires_at) AS state
                      FROM daybook.tokens o) AS k) AS t
$$;
COMMENT ON FUNCTION daybook.vitals() IS
    'How the database does, in one row. schema_version; store; pending_rows: what the next refresh will fold, in units of '
    'the store, null if a worker of citus could not be asked; pending_since: since when the oldest of it waits, null if '
    'none does; refreshed_at: when the last refresh ended, null if none has; last_event_at: when the newest event came, '
    'null if none has; tokens_active; tokens_expiring: those of them that end within 14 days and '
    'have no other in their place; tokens_expired; tokens_revoked.';
REVOKE EXECUTE ON FUNCTION daybook.vitals() FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.vitals() TO daybook_responder;
