-- What there is to be shown: the rollup and the events that are not folded yet.

CREATE OR REPLACE FUNCTION daybook.store() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'citus';
COMMENT ON FUNCTION daybook.store() IS 'How this database keeps its rollup.';
REVOKE EXECUTE ON FUNCTION daybook.store() FROM PUBLIC;

CREATE OR REPLACE VIEW daybook.tally AS
SELECT project_id, folded, daybook.utc_day(occurred_at) AS day, kind, count(*) AS events, sum(value) AS score_sum
  FROM daybook.events
 GROUP BY project_id, folded, daybook.utc_day(occurred_at), kind;
COMMENT ON VIEW   daybook.tally IS 'What the events of one mark, or those without, add to daily; all but the users.';
COMMENT ON COLUMN daybook.tally.project_id IS 'The project.';
COMMENT ON COLUMN daybook.tally.folded     IS 'The mark; null: not folded yet.';
COMMENT ON COLUMN daybook.tally.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.tally.kind       IS 'The kind of events.';
COMMENT ON COLUMN daybook.tally.events     IS 'Their number.';
COMMENT ON COLUMN daybook.tally.score_sum  IS 'The sum of their scores, exact; null where they have none.';

CREATE OR REPLACE VIEW daybook.seen AS
SELECT project_id, folded, user_id, daybook.utc_day(occurred_at) AS day,
       bool_or(daybook.is_activity(kind)) AS active,
       min(daybook.utc_day(min(occurred_at))) OVER (PARTITION BY project_id, folded, user_id) AS earliest
  FROM daybook.events
 WHERE user_id IS NOT NULL
 GROUP BY project_id, folded, user_id, daybook.utc_day(occurred_at);
COMMENT ON VIEW   daybook.seen IS 'Users that the events of one mark, or those without, bear on a day.';
COMMENT ON COLUMN daybook.seen.project_id IS 'The project.';
COMMENT ON COLUMN daybook.seen.folded   IS 'The mark; null: not folded yet.';
COMMENT ON COLUMN daybook.seen.user_id  IS 'The user.';
COMMENT ON COLUMN daybook.seen.day      IS 'The day, UTC.';
COMMENT ON COLUMN daybook.seen.active   IS 'Whether the user was active: started a chat or sent a message.';
COMMENT ON COLUMN daybook.seen.earliest IS 'The first of the user''s days among those events.';

-- What was seen holds returns in two ways. A day may be later than the user's first. Or it may be earlier than the first day
-- on record, which thereby becomes a day of return. A first day only ever moves back, so a day of return stays one, and the
-- outcome does not depend on the order in which transactions commit.
CREATE OR REPLACE VIEW daybook.returns AS
SELECT s.project_id, s.folded, s.day, s.user_id
  FROM daybook.seen s
  LEFT JOIN daybook.users u ON u.project_id = s.project_id AND u.user_id = s.user_id
 WHERE s.active AND s.day > least(s.earliest, u.first_day)
UNION ALL
SELECT s.project_id, s.folded, u.first_day, s.user_id
  FROM daybook.seen s
  JOIN daybook.users u ON u.project_id = s.project_id AND u.user_id = s.user_id
 WHERE u.active AND s.day = s.earliest AND s.day < u.first_day;
COMMENT ON VIEW daybook.returns IS
    'Returns that the events of one mark, or those without, show in the light of daybook.users; repeats are possible.';
COMMENT ON COLUMN daybook.returns.project_id IS 'The project.';
COMMENT ON COLUMN daybook.returns.folded     IS 'The mark; null: not folded yet.';
COMMENT ON COLUMN daybook.returns.day        IS 'The day of return.';
COMMENT ON COLUMN daybook.returns.user_id    IS 'The user who returned.';

CREATE OR REPLACE VIEW daybook.pending AS
SELECT project_id, day, kind, events, score_sum FROM daybook.tally WHERE folded IS NULL
UNION ALL
SELECT project_id, day, kind, -1, -value FROM daybook.retracted;
COMMENT ON VIEW   daybook.pending IS
    'Increments to daily: the events not folded yet, added up, and less each retracted event that is still in it.';
COMMENT ON COLUMN daybook.pending.project_id IS 'The project.';
COMMENT ON COLUMN daybook.pending.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.pending.kind       IS 'The kind of events.';
COMMENT ON COLUMN daybook.pending.events     IS 'Their number.';
COMMENT ON COLUMN daybook.pending.score_sum  IS 'The sum of their scores, exact; null where they have none.';

CREATE OR REPLACE VIEW daybook.sightings AS
SELECT project_id, user_id, day, active FROM daybook.seen WHERE folded IS NULL;
COMMENT ON VIEW   daybook.sightings IS 'Users seen in events not folded yet.';
COMMENT ON COLUMN daybook.sightings.project_id IS 'The project.';
COMMENT ON COLUMN daybook.sightings.user_id    IS 'The user.';
COMMENT ON COLUMN daybook.sightings.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.sightings.active     IS 'Whether the user was active: started a chat or sent a message.';

CREATE OR REPLACE VIEW daybook.live AS
SELECT project_id, day, counts, sums, returning_users, NULL::double precision AS returned
  FROM daybook.daily
UNION ALL
SELECT project_id, day, daybook.only(kind, events), daybook.only(kind, score_sum), NULL, NULL
  FROM daybook.pending;
COMMENT ON VIEW   daybook.live IS 'daily and pending as one: several rows per project and day, to be added up.';
COMMENT ON COLUMN daybook.live.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.live.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.live.counts          IS 'Number of events by kind, to be added up.';
COMMENT ON COLUMN daybook.live.sums            IS 'Sum of their scores, to be added up.';
COMMENT ON COLUMN daybook.live.returning_users IS 'Sketch of users who returned on the day, to be united.';
COMMENT ON COLUMN daybook.live.returned        IS 'Null: all sketches are in returning_users.';
