-- Admission: may a request pass, and what is there to be known of the project and of the page that it asks for?

-- A window that closes more than two periods ahead was opened by a clock that has been set back since.
CREATE OR REPLACE FUNCTION daybook.window_is_open(closes_at timestamptz, moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN closes_at > moment AND closes_at <= moment + interval '120 s';
COMMENT ON FUNCTION daybook.window_is_open(timestamptz, timestamptz) IS
    'Whether a rate-limit window that closes at an instant is open at another.';
REVOKE EXECUTE ON FUNCTION daybook.window_is_open(timestamptz, timestamptz) FROM PUBLIC;

-- 100 requests in a fixed window of 60 s. The database's clock rules, and one row lock decides, so the
-- count is exact whichever process or host asks. A request that is refused writes but seldom: see the end of the function.
CREATE OR REPLACE FUNCTION daybook.admit(
    IN  digest bytea, IN project text, IN page_end date,
    OUT verdict integer, OUT remaining integer, OUT retry_after integer, OUT closes_at bigint,
    OUT version bigint, OUT settled_before date, OUT first_day date, OUT changed_at bigint, OUT expires_on date,
    OUT token_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    quota    CONSTANT integer     := 100;
    period   CONSTANT interval    := interval '60 s';
    moment   CONSTANT timestamptz := clock_timestamp();
    is_good     boolean;
    is_own      boolean;
    the_used    integer;
    the_refused integer;
    the_weight  integer;
    the_close   timestamptz;
    the_end     timestamptz;
    gate        text;
BEGIN
    -- The page that comes behind in the same pipeline is read for the project admitted, or not at all. As an assignment
    -- this takes a tenth of what it would as a statement of its own.
    gate := set_config('daybook.admitted', '', false);

    -- Of a token that has been revoked or has ended, nothing but its id is told.
    SELECT t.token_id, t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > moment),
           t.project_id = admit.project, t.expires_at
      INTO token_id, is_good, is_own, the_end
      FROM daybook.tokens t
     WHERE t.digest = admit.digest;
    IF is_good IS NOT TRUE THEN
        verdict := 401;
        RETURN;
    END IF;
    IF is_own IS NOT TRUE THEN
        verdict := 403;
        RETURN;
    END IF;

    -- Nearly every request meets a window of its token. An update passes over one that is used up, and neither locks nor
    -- writes it.
    LOOP
        UPDATE daybook.windows w
           SET refused   = 0, -- none is, for as long as one is let through
               used      = CASE WHEN daybook.window_is_open(w.closes_at, moment) THEN w.used + 1 ELSE 1 END,
               closes_at = CASE WHEN daybook.window_is_open(w.closes_at, moment) THEN w.closes_at
                                ELSE moment + period END
         WHERE w.token_id = admit.token_id AND (w.used < quota OR NOT daybook.window_is_open(w.closes_at, moment))
        RETURNING w.used, w.closes_at INTO the_used, the_close;
        verdict := 200;
        EXIT WHEN FOUND;

        SELECT w.used, w.closes_at, w.refused INTO the_used, the_close, the_refused
          FROM daybook.windows w
         WHERE w.token_id = admit.token_id;
        verdict := 429;
        EXIT WHEN the_used >= quota AND daybook.window_is_open(the_close, moment);

        -- The token's first request; or others have been here between the two statements, and it is to be looked again.
        INSERT INTO daybook.windows AS w (token_id, used, closes_at)
        VALUES (admit.token_id, 1, moment + period)
        ON CONFLICT DO NOTHING
        RETURNING w.used, w.closes_at INTO the_used, the_close;
        verdict := 200;
        EXIT WHEN FOUND;
    END LOOP;

    IF verdict = 200 THEN
        gate := set_config('daybook.admitted', admit.project, false);
        settled_before := daybook.settled_before();
        -- A version may run ahead of a clock that has been set back.
        SELECT s.version, s.first_day,
               floor(date_part('epoch', CASE WHEN s.changed_at > moment THEN moment ELSE s.changed_at END))
          INTO version, first_day, changed_at
          FROM daybook.page_state(admit.project, page_end, settled_before) s;
        -- A token that ends after all days that there are has no end.
        expires_on := CASE WHEN the_end < '10000-01-01 00:00+00' THEN daybook.utc_day(the_end) END;
    END IF;

    -- Refusals come in floods. The first 256 of a window are counted one by one; above, one in so many writes, and counts
    -- for as many: one in 2 up to 512, in 4 up to 1024, and so on. So a million of them write some 1,800 times. None waits
    -- to be counted: one that finds the row locked passes over it, so of those that come at once some are left out.
    IF verdict = 429 THEN
        the_weight := CASE WHEN the_refused < 256 THEN 1 ELSE 2 ^ floor(ln(the_refused) / ln(2) - 7) END;
        IF random() * the_weight < 1 THEN
            UPDATE daybook.windows w
               SET refused = w.refused + the_weight
             WHERE w.token_id = (SELECT o.token_id FROM daybook.windows o
                                  WHERE o.token_id = admit.token_id AND o.closes_at = the_close
                                    FOR NO KEY UPDATE SKIP LOCKED);
        END IF;
    END IF;

    remaining   := CASE verdict WHEN 200 THEN quota - the_used ELSE 0 END;
    -- date_part() and not extract(), which computes in numeric and would take a twentieth of the whole.
    retry_after := least(60, greatest(1, ceil(date_part('epoch', the_close - moment))));
    -- Of requests that wait for each other, one may be older than the window that another has opened. All of them name the
    -- same end. A window that closes later than that is of a clock that has been set back.
    closes_at   := ceil(date_part('epoch', CASE WHEN the_close <= moment + period + interval '5 s' THEN the_close
                                                ELSE moment + period END));
END
$$;
COMMENT ON FUNCTION daybook.admit(bytea, text, date) IS
    'Decides one request of the token with this SHA-256 for this project and, if it passes, counts it. verdict: 200 '
    'pass, 401 no such token, 403 another project''s token, 429 window used up. remaining: requests left in the '
    'window; retry_after: whole seconds until it closes, 1 to 60; closes_at: the same as seconds since 1970; all '
    'three null on 401 and 403. On 200, settled_before: as daybook.settled_before(); version: of the page that ends '
    'before page_end, as daybook.page_state() tells it; first_day: the project''s first day with an event, null '
    'without any; changed_at: when its numbers last changed, in whole seconds since 1970, null if nothing is known; '
    'expires_on: the day, UTC, on which the token ends, null without an end. token_id: whose request it is, with any '
    'verdict; null if there is no such token, and not if it has ended or was revoked. The session''s setting '
    'daybook.admitted becomes the project on 200, empty otherwise.';
REVOKE EXECUTE ON FUNCTION daybook.admit(bytea, text, date) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.admit(bytea, text, date) TO daybook_responder;

-- Responders of release 0.1.0 ask in this way. They may still run while newer ones are put in place.
CREATE OR REPLACE FUNCTION daybook.admit(
    IN  digest bytea, IN project text,
    OUT verdict integer, OUT remaining integer, OUT retry_after integer, OUT closes_at bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT verdict, remaining, retry_after, closes_at FROM daybook.admit(digest, project, NULL)';
COMMENT ON FUNCTION daybook.admit(bytea, text) IS 'daybook.admit(digest, project, NULL), without what concerns a page.';
REVOKE EXECUTE ON FUNCTION daybook.admit(bytea, text) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.admit(bytea, text) TO daybook_responder;
