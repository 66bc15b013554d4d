-- The schemas, the roles and what each may do, projects, tokens, and the rate limit's windows.

CREATE SCHEMA IF NOT EXISTS daybook;
COMMENT ON SCHEMA daybook IS 'Daybook: tables and functions. Not an interface; read daybook_v1 instead.';
CREATE SCHEMA daybook_v1;
COMMENT ON SCHEMA daybook_v1 IS
    'Daybook: read-only views with a compatibility promise. Columns are added, never changed or removed.';

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'hll') THEN
        CREATE EXTENSION hll SCHEMA daybook;
    END IF;
END
$$;

CREATE TABLE daybook.migrations (
    version    integer     CONSTRAINT migrations_pkey PRIMARY KEY,
    name       text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT migrations_version_positive CHECK (version > 0)
);
COMMENT ON TABLE  daybook.migrations IS 'Which migrations this database has had; written by daybook-admin migrate.';
COMMENT ON COLUMN daybook.migrations.version    IS 'Number at the head of the file name.';
COMMENT ON COLUMN daybook.migrations.name       IS 'File name.';
COMMENT ON COLUMN daybook.migrations.applied_at IS 'When the migration committed.';
COMMENT ON CONSTRAINT migrations_version_positive ON daybook.migrations IS 'versions count from 1';

-- Roles belong to the whole cluster, so another Daybook database may have made them already.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES ('daybook_responder', 'LOGIN'),
                              ('daybook_reader',    'NOLOGIN'),
                              ('daybook_writer',    'NOLOGIN')) AS r (name, login)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I %s', wanted.name, wanted.login);
        END IF;
        -- The owner may act as each of them: to test what they can do, or to end a responder's session. Where somebody
        -- else has made the roles, only they can grant that.
        IF NOT pg_catalog.pg_has_role(current_user, wanted.name, 'USAGE') THEN
            BEGIN
                EXECUTE pg_catalog.format('GRANT %I TO CURRENT_USER', wanted.name);
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE NOTICE 'the owner cannot act as %', wanted.name;
            END;
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA daybook    TO daybook_responder, daybook_writer;
GRANT USAGE ON SCHEMA daybook_v1 TO daybook_responder, daybook_reader;

CREATE TABLE daybook.projects (
    project_id text COLLATE "C" CONSTRAINT projects_pkey PRIMARY KEY,
    name       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT projects_project_id_shape CHECK (project_id ~ '^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$'),
    CONSTRAINT projects_name_shape CHECK (name !~ '[[:cntrl:]]' AND octet_length(name) BETWEEN 1 AND 200)
);
COMMENT ON TABLE  daybook.projects IS 'The workspaces whose KPIs are served.';
COMMENT ON COLUMN daybook.projects.project_id IS 'The {project_id} of the URL, written there without any escape.';
COMMENT ON COLUMN daybook.projects.name       IS 'What people call it.';
COMMENT ON COLUMN daybook.projects.created_at IS 'When it was registered.';
COMMENT ON CONSTRAINT projects_project_id_shape ON daybook.projects IS
    'a project id is 1 to 64 letters, digits, ".", "_", "~" or "-", the first a letter or a digit';
COMMENT ON CONSTRAINT projects_name_shape ON daybook.projects IS
    'a name is 1 to 200 bytes without control characters';

CREATE TABLE daybook.tokens (
    token_id   bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT tokens_pkey PRIMARY KEY,
    digest     bytea NOT NULL CONSTRAINT tokens_digest_key UNIQUE,
    project_id text COLLATE "C" NOT NULL
               CONSTRAINT tokens_project_id_fkey REFERENCES daybook.projects,
    name       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT tokens_digest_is_sha256 CHECK (octet_length(digest) = 32),
    CONSTRAINT tokens_name_shape CHECK (name !~ '[[:cntrl:]]' AND octet_length(name) BETWEEN 1 AND 200)
);
CREATE INDEX tokens_project_id_idx ON daybook.tokens (project_id);
COMMENT ON TABLE  daybook.tokens IS 'Personal access tokens. The token itself is stored nowhere.';
COMMENT ON COLUMN daybook.tokens.token_id   IS 'Names the token to operators.';
COMMENT ON COLUMN daybook.tokens.digest     IS 'SHA-256 of the whole token, "pat-" included.';
COMMENT ON COLUMN daybook.tokens.project_id IS 'The one project it opens.';
COMMENT ON COLUMN daybook.tokens.name       IS 'What it is for.';
COMMENT ON COLUMN daybook.tokens.created_at IS 'When it was issued.';
COMMENT ON COLUMN daybook.tokens.expires_at IS 'From this instant on it is refused; null: never.';
COMMENT ON COLUMN daybook.tokens.revoked_at IS 'Refused since; null: not revoked.';
COMMENT ON CONSTRAINT tokens_digest_is_sha256 ON daybook.tokens IS 'a digest has 32 bytes';
COMMENT ON CONSTRAINT tokens_name_shape ON daybook.tokens IS
    'a name is 1 to 200 bytes without control characters';

-- UNLOGGED: a window lives for a minute, and a crash that forgets it costs nobody more than that.
CREATE UNLOGGED TABLE daybook.windows (
    token_id  bigint CONSTRAINT windows_pkey PRIMARY KEY
              CONSTRAINT windows_token_id_fkey REFERENCES daybook.tokens ON DELETE CASCADE,
    used      integer     NOT NULL,
    closes_at timestamptz NOT NULL,
    CONSTRAINT windows_used_within_limit CHECK (used BETWEEN 1 AND 100)
) WITH (fillfactor = 50);
COMMENT ON TABLE  daybook.windows IS 'The latest rate-limit window of each token.';
COMMENT ON COLUMN daybook.windows.token_id  IS 'Whose window.';
COMMENT ON COLUMN daybook.windows.used      IS 'Requests let through in this window.';
COMMENT ON COLUMN daybook.windows.closes_at IS 'When it ends: 60 s after its first request.';
COMMENT ON CONSTRAINT windows_used_within_limit ON daybook.windows IS 'a window lets 100 requests through';
