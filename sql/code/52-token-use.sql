-- What is known of each token: its state, and its use, which is noted off the way of requests.

CREATE OR REPLACE FUNCTION daybook.token_state(revoked_at timestamptz, expires_at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
                WHEN expires_at <= now()    THEN 'expired'
                ELSE 'active' END
$$;
COMMENT ON FUNCTION daybook.token_state(timestamptz, timestamptz) IS
    'active, expired or revoked: what a token is, by these columns of its row.';
REVOKE EXECUTE ON FUNCTION daybook.token_state(timestamptz, timestamptz) FROM PUBLIC;

-- A window may have been opened by a clock that has been set back since. A function and no view: Citus would warn that the
-- tables under a view are the coordinator's alone.
CREATE OR REPLACE FUNCTION daybook.token_use()
RETURNS TABLE (token_id bigint, used integer, refused integer, last_used_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.token_id,
           CASE WHEN w.is_open THEN w.used    ELSE 0 END,
           CASE WHEN w.is_open THEN w.refused ELSE 0 END,
           greatest(t.last_used_at, w.opened_at)
      FROM daybook.tokens t
      LEFT JOIN (SELECT o.token_id, o.used, o.refused, daybook.window_is_open(o.closes_at, now()) AS is_open,
                        least(o.closes_at - interval '60 s', now()) AS opened_at
                   FROM daybook.windows o) AS w ON w.token_id = t.token_id
$$;
COMMENT ON FUNCTION daybook.token_use() IS
    'How each token is in use. used: requests let through in the window that is open, 0 if none is; refused: requests '
    'refused in it because it was used up, as daybook.windows counts them; last_used_at: when its latest window opened, '
    'which lasts for a minute, null if never, or if the server has crashed before it was noted.';
REVOKE EXECUTE ON FUNCTION daybook.token_use() FROM PUBLIC;

-- A window that follows the last one noted by less than five minutes is not noted: it is in daybook.windows.
CREATE OR REPLACE FUNCTION daybook.note_token_use() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE daybook.tokens t
       SET last_used_at = u.last_used_at
      FROM daybook.token_use() u
     WHERE u.token_id = t.token_id
       AND (t.last_used_at IS NULL OR u.last_used_at >= t.last_used_at + interval '5 minutes')
       AND u.last_used_at IS NOT NULL
$$;
COMMENT ON FUNCTION daybook.note_token_use() IS
    'Notes when tokens were last in use, for each of them at most every five minutes. For refresh(), at its end: who would '
    'revoke a token waits while it is noted.';
REVOKE EXECUTE ON FUNCTION daybook.note_token_use() FROM PUBLIC;
