-- When tokens were used, how often they were refused, and which others took their places.

ALTER TABLE daybook.tokens ADD COLUMN last_used_at timestamptz;
ALTER TABLE daybook.tokens ADD COLUMN successor_id bigint
    CONSTRAINT tokens_successor_id_fkey REFERENCES daybook.tokens ON DELETE SET NULL;
COMMENT ON COLUMN daybook.tokens.successor_id IS 'The token that was made in its place; null: none was.';
COMMENT ON COLUMN daybook.tokens.last_used_at IS
    'When a window of it last opened, as a refresh has noted it; null: none has been. daybook.windows may know a later one.';

ALTER TABLE daybook.windows ADD COLUMN refused integer NOT NULL DEFAULT 0
    CONSTRAINT windows_refused_not_negative CHECK (refused >= 0);
COMMENT ON COLUMN daybook.windows.refused IS
    'Requests refused in this window because it was used up: as daybook.admit counts them.';
COMMENT ON CONSTRAINT windows_refused_not_negative ON daybook.windows IS 'a number of requests is 0 or more';
