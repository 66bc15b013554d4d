-- The first days of before. Writers wait for the end of this migrate: what they write behind it, they also note in
-- changes.

LOCK TABLE daybook.events IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO daybook.freshness (project_id, first_day, changed_at)
SELECT s.project_id, min(s.day), now()
  FROM (SELECT e.project_id, (min(e.occurred_at) AT TIME ZONE 'UTC')::date AS day
          FROM daybook.events e
         GROUP BY e.project_id
        UNION ALL
        -- Somebody may have dropped raw events by hand.
        SELECT c.project_id, (c.bucket AT TIME ZONE 'UTC')::date
          FROM daybook.chat_aggregates c
         WHERE NOT EXISTS (SELECT FROM daybook.touched t
                            WHERE t.project_id = c.project_id AND t.day = (c.bucket AT TIME ZONE 'UTC')::date)
        UNION ALL
        SELECT d.project_id, d.day FROM daybook.daily d WHERE 0 <> ANY (d.counts)) AS s
 GROUP BY s.project_id;
INSERT INTO daybook.freshness (project_id)
SELECT p.project_id FROM daybook.projects p
ON CONFLICT DO NOTHING;
