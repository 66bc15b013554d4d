-- What is made anew, with other arguments.

DROP PROCEDURE IF EXISTS daybook.rebuild(text, date, date);
DROP FUNCTION IF EXISTS daybook.mend(text, date, date);
DROP FUNCTION IF EXISTS daybook.note_first_days(text);
