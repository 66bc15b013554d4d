-- What stands on those columns and is made anew, in another form.

DO $$
DECLARE
    view name;
BEGIN
    FOREACH view IN ARRAY '{messages_daily,chats_daily,users_daily,csat_daily,ai_quality_daily,errors_daily}'::name[]
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION IF EXISTS daybook.%I(text, date, date)', 'page_' || view);
        EXECUTE pg_catalog.format('DROP FUNCTION IF EXISTS daybook.%I()', 'read_' || view);
        EXECUTE pg_catalog.format('DROP VIEW IF EXISTS daybook.%I', view);
    END LOOP;
END
$$;
DROP FUNCTION IF EXISTS daybook.verify(text, date, date);
DROP FUNCTION IF EXISTS daybook.shown(text, date, date);
DROP FUNCTION IF EXISTS daybook.recount(text, date, date);
DROP PROCEDURE IF EXISTS daybook.offer_page(name);
DROP VIEW IF EXISTS daybook.shown_daily;
DROP VIEW IF EXISTS daybook.recounted;
DROP VIEW IF EXISTS daybook.live;
DROP VIEW IF EXISTS daybook.pending;
DROP VIEW IF EXISTS daybook.tally;
