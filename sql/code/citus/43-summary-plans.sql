-- As those of publish() in citus/35-publish.sql: dates go to the workers as text, and which worker to ask is known from
-- the project alone.
ALTER FUNCTION daybook.summed(text, date, date) SET datestyle = 'ISO';
ALTER FUNCTION daybook.summed(text, date, date) SET plan_cache_mode = 'auto';
