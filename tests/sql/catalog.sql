-- What the schemas hold is explained, named by hand, and safe from the caller's search_path.
BEGIN;
SELECT plan(15);

-- The partitions repeat daybook.events: only their own comments count, not those of their columns.
CREATE TEMP VIEW relations AS
SELECT c.oid, c.oid::regclass AS name, c.relkind, c.relispartition, n.nspname
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('daybook', 'daybook_v1') AND c.relkind IN ('r', 'p', 'v', 'm');

-- An extension may live in schema daybook; its functions are not ours.
CREATE TEMP VIEW routines AS
SELECT p.*, p.oid::regprocedure AS name
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname IN ('daybook', 'daybook_v1')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                             AND d.deptype = 'e');

SELECT cmp_ok((SELECT count(*) FROM relations)::integer, '>', 15, 'there are relations to look at');
SELECT cmp_ok((SELECT count(*) FROM routines)::integer, '>', 7, 'there are functions to look at');

-- A backslash in a string means another thing where standard_conforming_strings is off, as a caller's session may have it.
SELECT is_empty($$
    SELECT name FROM routines WHERE position(chr(92) IN coalesce(prosrc, '')) > 0
$$, 'no routine has a backslash');

SELECT is_empty($$
    SELECT nspname FROM pg_namespace
     WHERE nspname IN ('daybook', 'daybook_v1') AND obj_description(oid, 'pg_namespace') IS NULL
$$, 'every schema has a comment');

SELECT is_empty($$
    SELECT name FROM relations WHERE obj_description(oid, 'pg_class') IS NULL
$$, 'every table, partition and view has a comment');

SELECT is_empty($$
    SELECT r.name, a.attname
      FROM relations r
      JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE r.relkind <> 'v' AND NOT r.relispartition AND col_description(r.oid, a.attnum) IS NULL
$$, 'every column of a table has a comment');

SELECT is_empty($$
    SELECT r.name, a.attname
      FROM relations r
      JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE r.relkind = 'v' AND col_description(r.oid, a.attnum) IS NULL
$$, 'every column of a view has a comment');

SELECT is_empty($$
    SELECT name FROM routines WHERE obj_description(oid, 'pg_proc') IS NULL
$$, 'every function and procedure has a comment');

SELECT is_empty($$
    SELECT t.tgname FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL
$$, 'every trigger has a comment');

SELECT is_empty($$
    SELECT t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE n.nspname = 'daybook' AND t.typtype IN ('e', 'd') AND obj_description(t.oid, 'pg_type') IS NULL
$$, 'every type has a comment');

-- daybook-admin explains a broken CHECK by its comment, so each needs one.
SELECT is_empty($$
    SELECT r.name, c.conname FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid
     WHERE c.contype = 'c' AND NOT r.relispartition AND obj_description(c.oid, 'pg_constraint') IS NULL
$$, 'every CHECK has a comment');

-- daybook-admin finds that comment by the name alone.
SELECT is_empty($$
    SELECT c.conname FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid
     WHERE c.contype = 'c' AND NOT r.relispartition GROUP BY 1 HAVING count(*) > 1
$$, 'no two CHECKs share a name');

-- What PostgreSQL itself would have called it: TABLE_check, TABLE_COLUMN_check, with a number if taken. From 18 on, each
-- NOT NULL of a column is a constraint too. No message of theirs needs a name: it has the column's.
SELECT is_empty($$
    SELECT r.name, c.conname FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid
     WHERE NOT r.relispartition AND c.contype <> 'n' AND c.conname ~ '(_check|_not_null|_fkey|_key|_pkey|_excl)\d+$|_check$|_not_null$'
$$, 'every constraint is named by hand');

-- A body in standard SQL is resolved when it is made, so it needs none; a procedure that commits, itself or in one
-- that it calls, cannot have any.
SELECT is_empty($$
    SELECT name FROM routines
     WHERE prokind <> 'a' AND prosqlbody IS NULL AND NOT (prokind = 'p' AND prosrc ~ '\mCOMMIT;|\mCALL [a-z.]*\.refresh')
       AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting (s) WHERE s ~ '^search_path=.*pg_temp"?$')
$$, 'every function that can has a search_path of its own, pg_temp last, or a standard SQL body');

SELECT is_empty($$
    SELECT name FROM routines, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
     WHERE acl.grantee = 0
$$, 'no function is executable by PUBLIC');

SELECT * FROM finish();
ROLLBACK;
