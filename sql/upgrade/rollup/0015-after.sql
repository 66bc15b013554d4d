-- The rollup tells the first days of before. What is pending tells its own.

INSERT INTO daybook.versions AS v (project_id, latest, late, first_day)
SELECT d.project_id, extract(epoch FROM clock_timestamp())::bigint * 1000000,
       -extract(epoch FROM clock_timestamp())::bigint * 1000000, min(d.day)
  FROM daybook.daily d
 WHERE 0 <> ANY (d.counts)
 GROUP BY d.project_id
ON CONFLICT (project_id) DO UPDATE SET first_day = excluded.first_day;
INSERT INTO daybook.versions (project_id, latest, late)
SELECT p.project_id, 1, 0 FROM daybook.projects p
ON CONFLICT DO NOTHING;
UPDATE daybook.versions SET late = -extract(epoch FROM clock_timestamp())::bigint * 1000000 WHERE late = 0;
