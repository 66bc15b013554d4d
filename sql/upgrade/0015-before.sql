-- What is made anew, with more columns in its result, and what is part of that now.

DROP FUNCTION IF EXISTS daybook.admit(bytea, text, date);
DROP FUNCTION IF EXISTS daybook.page_version(text, date);
