-- Events that were taken back, and what they may have said of users.

CREATE TABLE daybook.retracted (
    project_id text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C",
    day        date NOT NULL,
    settled    boolean NOT NULL DEFAULT false,
    horizon    xid8
);
CREATE INDEX retracted_project_id_user_id_idx ON daybook.retracted (project_id, user_id);
COMMENT ON TABLE  daybook.retracted IS
    'Events taken back, until a refresh has judged anew what they said of users, and nobody can judge by them any more.';
COMMENT ON COLUMN daybook.retracted.project_id IS 'The project.';
COMMENT ON COLUMN daybook.retracted.user_id    IS 'Whose first day or return the event may have been; null: nobody''s.';
COMMENT ON COLUMN daybook.retracted.day        IS 'Its day, UTC.';
COMMENT ON COLUMN daybook.retracted.settled    IS 'Whether a refresh has judged the user anew, once at least.';
COMMENT ON COLUMN daybook.retracted.horizon    IS
    'Transactions before this one may have judged by the event; null: first days have changed since.';
