-- Views of release 0.1.0 become those of 0003-views.sql, which has summed up counts by daybook.total() since.

DO $$
DECLARE
    view record;
BEGIN
    IF to_regprocedure('daybook.total(bigint)') IS NULL THEN
        CREATE AGGREGATE daybook.total(bigint) (
            SFUNC = int8pl, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE);
        COMMENT ON AGGREGATE daybook.total(bigint) IS 'The sum of integers, 0 of none; fails above 2^63 - 1.';
        REVOKE EXECUTE ON FUNCTION daybook.total(bigint) FROM PUBLIC;
        GRANT  EXECUTE ON FUNCTION daybook.total(bigint) TO daybook_responder, daybook_reader;
    END IF;

    FOR view IN
        SELECT c.relname AS name,
               pg_catalog.regexp_replace(pg_catalog.regexp_replace(pg_catalog.pg_get_viewdef(c.oid),
                   '\(sum\(([a-z_.]+)\)\)::bigint', 'daybook.total(\1)', 'g'),
                   'NULLIF\(sum\(([a-z_.]+)\), \(0\)::numeric\)', 'NULLIF(daybook.total(\1), 0)', 'g') AS definition
          FROM pg_catalog.pg_class c
         WHERE c.relnamespace = 'daybook_v1'::pg_catalog.regnamespace AND c.relkind = 'v'
    LOOP
        EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW daybook_v1.%I AS %s', view.name, view.definition);
    END LOOP;
END
$$;

CREATE OR REPLACE VIEW daybook_v1.users_daily AS
SELECT project_id, day,
       least(round(coalesce(@extschema:hll@.hll_cardinality(@extschema:hll@.hll_union_agg(users)), 0)),
             daybook.total(active))::bigint AS unique_users
  FROM (SELECT project_id, day, returning_users AS users, chats + inbound_messages AS active FROM daybook.live
        UNION ALL
        SELECT project_id, day, @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(user_id, 0), 12, 5, -1, 1), 0
          FROM daybook.sighted_returns GROUP BY project_id, day) AS sketches
 GROUP BY project_id, day;
