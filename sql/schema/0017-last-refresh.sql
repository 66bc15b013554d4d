-- When the last refresh ended.

CREATE TABLE daybook.last_refresh (
    ended_at timestamptz NOT NULL,
    is_only  boolean     NOT NULL DEFAULT true CONSTRAINT last_refresh_pkey PRIMARY KEY,
    CONSTRAINT last_refresh_only_row CHECK (is_only)
);
COMMENT ON TABLE  daybook.last_refresh IS 'When the last refresh ended; no row: none has, since this is kept.';
COMMENT ON COLUMN daybook.last_refresh.ended_at IS 'When it had done all its work.';
COMMENT ON COLUMN daybook.last_refresh.is_only  IS 'Keeps it to one row.';
COMMENT ON CONSTRAINT last_refresh_only_row ON daybook.last_refresh IS 'there is one last refresh';
