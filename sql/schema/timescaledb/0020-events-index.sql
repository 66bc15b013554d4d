-- No page reads raw events. Refreshes read whole days, for which ranges of blocks are enough, and recounts read a project by
-- the key. So a writer has one tree to keep, and not three.
DROP INDEX daybook.events_project_id_occurred_at_idx;
DROP INDEX daybook.events_occurred_at_idx;
CREATE INDEX events_occurred_at_idx ON daybook.events USING brin (occurred_at);
