-- Events taken back. A first day may then move forward, and a day of return be none any more.
--
-- For example, a device whose clock said 1970 made its user return on every day. When that event is retracted, the user's
-- first day is the day of the next event, which is no day of return.
--
-- A writer that runs at the same time may still judge its events by the old first day. So a user stays in retracted until
-- all transactions have ended that may have done so, and each refresh judges the user anew.

CREATE OR REPLACE FUNCTION daybook.note_retracted(project text, by_user text, on_day date, of_kind daybook.event_kind)
RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    -- An event that did not make its user active, and came later than the first day, has said nothing of its user.
    INSERT INTO daybook.retracted (project_id, user_id, day)
    SELECT project, CASE WHEN daybook.is_activity(of_kind)
                           OR NOT EXISTS (SELECT FROM daybook.users u
                                           WHERE u.project_id = project AND u.user_id = by_user AND u.first_day < on_day)
                         THEN by_user END, on_day;
END;
COMMENT ON FUNCTION daybook.note_retracted(text, text, date, daybook.event_kind) IS 'Notes that an event was taken back.';
REVOKE EXECUTE ON FUNCTION daybook.note_retracted(text, text, date, daybook.event_kind) FROM PUBLIC;

-- A first day before the horizon of raw events stays, as the events that it rests on are gone.
CREATE OR REPLACE FUNCTION daybook.right_first_days(project text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    whole_from CONSTANT date := daybook.raw_from();
    has_moved  boolean;
BEGIN
    WITH named AS MATERIALIZED (
        SELECT DISTINCT r.user_id FROM daybook.retracted r WHERE r.project_id = project AND r.user_id IS NOT NULL
    ), earliest AS MATERIALIZED (
        SELECT DISTINCT ON (s.user_id) s.user_id, s.day, s.active
          FROM (SELECT e.user_id, daybook.utc_day(e.occurred_at) AS day, bool_or(daybook.is_activity(e.kind)) AS active
                  FROM daybook.events e
                  JOIN named n ON n.user_id = e.user_id
                 WHERE e.project_id = project
                 GROUP BY e.user_id, daybook.utc_day(e.occurred_at)) AS s
         ORDER BY s.user_id, s.day
    ), gone AS (
        DELETE FROM daybook.users u USING named n
         WHERE u.project_id = project AND u.user_id = n.user_id AND u.first_day >= whole_from
           AND NOT EXISTS (SELECT FROM earliest f WHERE f.user_id = u.user_id)
        RETURNING 1
    ), recorded AS (
        INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
        SELECT project, f.user_id, f.day, f.active FROM earliest f
        ON CONFLICT (project_id, user_id) DO UPDATE
           SET first_day = excluded.first_day, active = excluded.active
         WHERE u.first_day >= whole_from AND (u.first_day, u.active) <> (excluded.first_day, excluded.active)
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM gone) OR EXISTS (SELECT FROM recorded) INTO has_moved;
    RETURN has_moved;
END
$$;
COMMENT ON FUNCTION daybook.right_first_days(text) IS
    'Derives the first days of a project''s users in retracted from the raw events; returns whether any was another.';
REVOKE EXECUTE ON FUNCTION daybook.right_first_days(text) FROM PUBLIC;

CREATE OR REPLACE VIEW daybook.doubtful_days AS
SELECT d.project_id, d.user_id, d.day, bool_or(d.returns) AS returns
  FROM (SELECT e.project_id, e.user_id, daybook.utc_day(e.occurred_at) AS day,
               daybook.is_activity(e.kind) AND u.first_day < daybook.utc_day(e.occurred_at) AS returns
          FROM daybook.events e
          JOIN daybook.users u ON u.project_id = e.project_id AND u.user_id = e.user_id
         WHERE EXISTS (SELECT FROM daybook.retracted r WHERE r.project_id = e.project_id AND r.user_id = e.user_id)
        UNION ALL
        SELECT r.project_id, r.user_id, r.day, false FROM daybook.retracted r WHERE r.user_id IS NOT NULL) AS d
 WHERE d.day >= daybook.raw_from()
 GROUP BY d.project_id, d.user_id, d.day;
COMMENT ON VIEW   daybook.doubtful_days IS 'Days of users in retracted, judged by the raw events and daybook.users.';
COMMENT ON COLUMN daybook.doubtful_days.project_id IS 'The project.';
COMMENT ON COLUMN daybook.doubtful_days.user_id    IS 'The user.';
COMMENT ON COLUMN daybook.doubtful_days.day        IS 'A day of the user, or of an event that was taken back.';
COMMENT ON COLUMN daybook.doubtful_days.returns    IS 'Whether the user returned on it.';

-- A refresh changes first days, and the next one sees that committed. A writer that has read the old ones had begun by
-- then, since it has its number before it reads them (events_added() does not judge under a snapshot of another kind). When
-- all of those have ended, what they added can be seen, and has been judged by the refresh that finds so.
CREATE OR REPLACE FUNCTION daybook.forget_retracted(project text, has_moved boolean, all_ended xid8, none_begun xid8)
RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    DELETE FROM daybook.retracted r WHERE r.project_id = project AND NOT has_moved AND r.horizon <= all_ended;
    UPDATE daybook.retracted r
       -- In a restored database the numbers are others.
       SET horizon = CASE WHEN has_moved OR r.horizon > none_begun THEN NULL ELSE coalesce(r.horizon, none_begun) END,
           settled = true
     WHERE r.project_id = project;
END;
COMMENT ON FUNCTION daybook.forget_retracted(text, boolean, xid8, xid8) IS
    'Ends a refresh''s work on a project''s retracted events: whether it moved first days, and the oldest transaction that '
    'ran, and the first that had not begun, as it started.';
REVOKE EXECUTE ON FUNCTION daybook.forget_retracted(text, boolean, xid8, xid8) FROM PUBLIC;

-- A first day that is wrong is treated as if an event of that day had been retracted.
CREATE OR REPLACE FUNCTION daybook.doubt_misdated(only_project text, first_day date, end_day date, also_empty boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    INSERT INTO daybook.retracted (project_id, user_id, day)
    SELECT m.project_id, m.user_id, coalesce(m.recorded, m.recounted)
      FROM daybook.misdated m
     WHERE (only_project IS NULL OR m.project_id = only_project)
       AND coalesce(m.recorded, m.recounted) >= daybook.raw_from()
       AND greatest(m.recorded, m.recounted) >= doubt_misdated.first_day
       AND least(m.recorded, m.recounted) < doubt_misdated.end_day
       AND (also_empty OR NOT EXISTS (SELECT FROM daybook.unfounded f
                                       WHERE f.project_id = m.project_id AND f.user_id = m.user_id));
END
$$;
COMMENT ON FUNCTION daybook.doubt_misdated(text, date, date, boolean) IS
    'Has the next refresh derive the first days anew that the raw events contradict, of a project or of all; those on days '
    'without any raw event only if asked.';
REVOKE EXECUTE ON FUNCTION daybook.doubt_misdated(text, date, date, boolean) FROM PUBLIC;
