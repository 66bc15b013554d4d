-- How far feeds have been pulled is the owner's alone, and goes with the project.
BEGIN;
SELECT plan(8);

INSERT INTO daybook.projects (project_id) VALUES ('fed'), ('kept');
INSERT INTO daybook.feeds (feed, source, projects, pulled_to, pulled_at) VALUES
    ('small', 'db:5432/app', 'project fed',       now(), now()),
    ('small', 'db:5432/app', 'project kept',      now(), now()),
    ('small', 'db:5432/app', 'map 00',            now(), now()),
    ('small', 'db:5432/app', 'ids of the source', now(), now());

SELECT throws_ok($$
    INSERT INTO daybook.feeds (feed, source, projects, pulled_to, pulled_at)
    VALUES ('small', 'db:5432/app', 'map 00', now(), now())
$$, '23505', NULL, 'a feed, a source and where its rows go have one row');

-- A source's name says where the platform's database is.
SELECT is_empty($$
    SELECT r.rolname, p.privilege
      FROM pg_roles r, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p (privilege)
     WHERE r.rolname IN ('daybook_responder', 'daybook_reader', 'daybook_writer')
       AND has_table_privilege(r.oid, 'daybook.feeds', p.privilege)
$$, 'no role of the services has to do with it');
SELECT is_empty($$
    SELECT r.rolname FROM pg_roles r
     WHERE r.rolname IN ('daybook_responder', 'daybook_reader', 'daybook_writer')
       AND has_function_privilege(r.oid, 'daybook.move_feeds(text, text)', 'EXECUTE')
$$, 'nor with what moves it');

CREATE FUNCTION pg_temp.places() RETURNS SETOF text LANGUAGE sql AS
    'SELECT f.projects FROM daybook.feeds f ORDER BY 1';

SELECT ok(daybook.rename_project('fed', 'renamed'), 'a project gets another id');
SELECT results_eq('SELECT pg_temp.places()',
                  ARRAY['ids of the source', 'map 00', 'project kept', 'project renamed'],
                  'what was pulled into it goes with it');
SELECT ok(daybook.delete_project('renamed'), 'a project is deleted');
SELECT results_eq('SELECT pg_temp.places()', ARRAY['ids of the source', 'map 00', 'project kept'],
                  'and what was pulled into it is forgotten, so that all is read for one that is made anew');
SELECT ok(NOT daybook.rename_project('none', 'kept') AND (SELECT count(*) = 3 FROM daybook.feeds),
          'a project that there is not moves nothing');

SELECT * FROM finish();
ROLLBACK;
