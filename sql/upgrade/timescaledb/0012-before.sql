-- The aggregates had a column for each measure. They are made anew by kind, and are empty until refreshed: the next refresh
-- goes over all days that have raw events, and until then pages read these.

DROP MATERIALIZED VIEW IF EXISTS daybook.returns_daily;
DROP MATERIALIZED VIEW IF EXISTS daybook.chat_aggregates;
DROP MATERIALIZED VIEW IF EXISTS daybook.events_hourly;
UPDATE daybook.refreshed r SET up_to = least(r.up_to, (SELECT date_trunc('day', min(e.occurred_at), 'UTC') FROM daybook.events e));

ALTER TABLE daybook.daily ALTER COLUMN counts SET STORAGE PLAIN;
