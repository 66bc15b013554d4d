-- The first days and the times of before.

INSERT INTO daybook.versions (project_id, latest, late, first_day)
SELECT k.project_id, coalesce(extract(epoch FROM k.changed_at)::bigint * 1000000, 1),
       -extract(epoch FROM clock_timestamp())::bigint * 1000000, k.first_day
  FROM known_before k;
INSERT INTO daybook.versions (project_id, latest, late)
SELECT p.project_id, 1, -extract(epoch FROM clock_timestamp())::bigint * 1000000 FROM daybook.projects p
ON CONFLICT DO NOTHING;
