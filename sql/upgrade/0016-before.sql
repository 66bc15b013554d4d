-- What is made anew, with a column more in its result.

DROP FUNCTION IF EXISTS daybook.admit(bytea, text, date);
