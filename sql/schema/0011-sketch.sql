-- Sketches of users.

-- Their parameters stand here, once. They are bound to the sketches that are stored: sketches of different parameters cannot
-- be united.
CREATE FUNCTION daybook.sketch(users text[]) RETURNS @extschema:hll@.hll
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(u.user_id, 0), 12, 5, -1, 1)
          FROM pg_catalog.unnest(users) AS u (user_id));
COMMENT ON FUNCTION daybook.sketch(text[]) IS
    'The HyperLogLog of some users: log2m 12, regwidth 5, exact while small, then a standard error of 1.6 %. '
    'Null of none.';
REVOKE EXECUTE ON FUNCTION daybook.sketch(text[]) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.sketch(text[]) TO daybook_responder, daybook_reader;
