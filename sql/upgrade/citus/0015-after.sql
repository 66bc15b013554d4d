-- The rollup tells the first days of before. Events that are not folded tell their own.

INSERT INTO daybook.freshness (project_id, first_day, changed_at)
SELECT d.project_id, min(d.day), now()
  FROM daybook.daily d
 WHERE 0 <> ANY (d.counts)
 GROUP BY d.project_id;
