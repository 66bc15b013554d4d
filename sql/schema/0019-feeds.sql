-- How far the pulls of feeds have got. The owner alone has to do with it.

CREATE TABLE daybook.feeds (
    feed      text COLLATE "C" NOT NULL,
    source    text COLLATE "C" NOT NULL,
    projects  text COLLATE "C" NOT NULL,
    pulled_to timestamptz      NOT NULL,
    pulled_at timestamptz      NOT NULL,
    CONSTRAINT feeds_pkey PRIMARY KEY (feed, source, projects)
);
COMMENT ON TABLE  daybook.feeds IS 'How far each feed has been pulled; no row: nothing has been. Without it all is read again, and nothing counted twice.';
COMMENT ON COLUMN daybook.feeds.feed      IS 'The name of the feed, or the path of its file.';
COMMENT ON COLUMN daybook.feeds.source    IS 'The database that it is pulled from: host, port and name.';
COMMENT ON COLUMN daybook.feeds.projects  IS 'Which projects its rows go to: "project ID", "ids of the source", or "map" and a digest of the map.';
COMMENT ON COLUMN daybook.feeds.pulled_to IS 'The clock of the source when the last pull began to read it: what committed before it has been read.';
COMMENT ON COLUMN daybook.feeds.pulled_at IS 'When that pull was added, by the clock of this server.';
