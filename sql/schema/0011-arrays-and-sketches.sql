-- Functions that stored values are made by. They stand here, as what is stored rests on them.

-- The parameters of a sketch stand here, once. They are bound to the sketches that are stored: sketches of different
-- parameters cannot be united.
CREATE FUNCTION daybook.sketch(users text[]) RETURNS @extschema:hll@.hll
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(u.user_id, 0), 12, 5, -1, 1)
          FROM pg_catalog.unnest(users) AS u (user_id));
COMMENT ON FUNCTION daybook.sketch(text[]) IS
    'The HyperLogLog of some users: log2m 12, regwidth 5, exact while small, then a standard error of 1.6 %. '
    'Null of none.';
REVOKE EXECUTE ON FUNCTION daybook.sketch(text[]) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.sketch(text[]) TO daybook_responder, daybook_reader;

-- For example, spread('{csat,csat}', '{3,4}', 0) is '{0,0,0,0,0,0,0,7,0,0}'. Arrays without a null are read faster, so counts
-- are filled with 0.
CREATE FUNCTION daybook.spread(kinds daybook.event_kind[], amounts anyarray, filler anyelement)
RETURNS anyarray
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- As daybook.kinds(), which not everybody for whom this runs can name.
    every CONSTANT kinds%TYPE := enum_range(kinds[1]);
    result amounts%TYPE;
    place  integer;
BEGIN
    IF filler IS NOT NULL THEN
        result := array_fill(filler, ARRAY[cardinality(every)]);
    END IF;
    FOR i IN 1 .. coalesce(cardinality(kinds), 0) LOOP
        IF kinds[i] IS NOT NULL AND amounts[i] IS NOT NULL THEN
            place := array_position(every, kinds[i]);
            result[place] := coalesce(result[place], 0) + amounts[i];
        END IF;
    END LOOP;
    RETURN result;
END
$$;
COMMENT ON FUNCTION daybook.spread(daybook.event_kind[], anyarray, anyelement) IS
    'An array with the amounts of each kind, added up, in the place of the kind, and the filler in all others. Null kinds and '
    'amounts are left out.';
REVOKE EXECUTE ON FUNCTION daybook.spread(daybook.event_kind[], anyarray, anyelement) FROM PUBLIC;
