-- Returns that the events hold that are not folded yet.
CREATE OR REPLACE VIEW daybook.sighted_returns AS
SELECT project_id, day, user_id FROM daybook.returns WHERE folded IS NULL;
COMMENT ON VIEW   daybook.sighted_returns IS 'Returns not yet in a sketch; repeats are possible.';
COMMENT ON COLUMN daybook.sighted_returns.project_id IS 'The project.';
COMMENT ON COLUMN daybook.sighted_returns.day        IS 'The day of return.';
COMMENT ON COLUMN daybook.sighted_returns.user_id    IS 'The user who returned.';
