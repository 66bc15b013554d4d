-- The view stands on the sketches in daybook.daily. For the time being it shows nothing. Nobody sees that, as all of a
-- migrate is one transaction, and a refresh waits for its end.

LOCK TABLE daybook.daily IN ACCESS EXCLUSIVE MODE;
DO $$
BEGIN
    IF pg_catalog.to_regclass('daybook.live') IS NOT NULL THEN
        CREATE OR REPLACE VIEW daybook.live AS
        SELECT NULL::text COLLATE "C" AS project_id, NULL::date AS day, NULL::bigint[] AS counts, NULL::numeric[] AS sums,
               NULL::@extschema:hll@.hll AS returning_users
         WHERE false;
    END IF;
END
$$;
