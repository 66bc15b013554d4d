-- What stands on those columns and is made anew, in another form.

DROP FUNCTION IF EXISTS daybook.verify(text, date, date);
DROP FUNCTION IF EXISTS daybook.shown(text, date, date);
DROP FUNCTION IF EXISTS daybook.recount(text, date, date);
DROP PROCEDURE IF EXISTS daybook.offer_page(name);
DROP VIEW IF EXISTS daybook.live;
