-- How far back the raw events are whole.

CREATE TABLE daybook.retention (
    raw_from date    NOT NULL,
    is_only  boolean NOT NULL DEFAULT true CONSTRAINT retention_pkey PRIMARY KEY,
    CONSTRAINT retention_only_row CHECK (is_only)
);
COMMENT ON TABLE  daybook.retention IS 'How far back the raw events are whole; no row: all the way.';
COMMENT ON COLUMN daybook.retention.raw_from IS 'Raw events of earlier days have been dropped. Their rollup stays.';
COMMENT ON COLUMN daybook.retention.is_only  IS 'Keeps it to one row.';
COMMENT ON CONSTRAINT retention_only_row ON daybook.retention IS 'there is one horizon';
