-- Citus asks a worker as the role that runs the query, and the privileges of a view's owner do not reach there: a
-- reader of a view would need SELECT on the shards below it, of events and users. So the views stay with the owner,
-- and roles read them through functions that run as the owner.
--
-- They let PostgreSQL choose between plans as it likes: which worker to ask Citus knows only from the project.
--
-- The page's function also asks, on the coordinator, whether the project has been admitted: sent along with the
-- query, that question would meet a session of the worker, which knows of no admission.
CREATE OR REPLACE PROCEDURE daybook.offer_page(view name)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    col record;
BEGIN
    EXECUTE format($make$
        DROP FUNCTION IF EXISTS daybook.%1$I(text, date, date);
        ALTER VIEW daybook_v1.%3$I SET SCHEMA daybook;
        REVOKE ALL ON daybook.%3$I FROM daybook_responder, daybook_reader;
        CREATE FUNCTION daybook.%1$I(project text, first_day date, end_day date) RETURNS SETOF daybook.%3$I
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
            SET plan_cache_mode = 'auto'
        AS $body$
        BEGIN
            IF current_setting('daybook.admitted', true) = project THEN
                RETURN QUERY SELECT v.* FROM daybook.%3$I v
                              WHERE v.project_id = project AND v.day >= first_day AND v.day < end_day;
            END IF;
        END
        $body$;
        COMMENT ON FUNCTION daybook.%1$I(text, date, date) IS %4$L;
        REVOKE EXECUTE ON FUNCTION daybook.%1$I(text, date, date) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION daybook.%1$I(text, date, date) TO daybook_responder;

        CREATE FUNCTION daybook.%2$I() RETURNS SETOF daybook.%3$I
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
            SET plan_cache_mode = 'auto'
        AS $body$
        BEGIN
            RETURN QUERY SELECT v.* FROM daybook.%3$I v;
        END
        $body$;
        COMMENT ON FUNCTION daybook.%2$I() IS %5$L;
        REVOKE EXECUTE ON FUNCTION daybook.%2$I() FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION daybook.%2$I() TO daybook_responder, daybook_reader;
        CREATE VIEW daybook_v1.%3$I AS SELECT * FROM daybook.%2$I();
        GRANT SELECT ON daybook_v1.%3$I TO daybook_responder, daybook_reader;
        COMMENT ON VIEW daybook_v1.%3$I IS %6$L $make$,
        'page_' || view, 'read_' || view, view,
        'Rows of daybook_v1.' || view || ' for the project that daybook.admit() has let pass, and for days from one '
        'to before another; for any other project, none.',
        'All rows of daybook_v1.' || view || ', for roles that may not read the tables.',
        obj_description(('daybook_v1.' || quote_ident(view))::regclass, 'pg_class'));

    FOR col IN
        SELECT attname, col_description(attrelid, attnum) AS meaning
          FROM pg_attribute
         WHERE attrelid = ('daybook.' || quote_ident(view))::regclass AND attnum > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN daybook_v1.%I.%I IS %L', view, col.attname, col.meaning);
    END LOOP;
END
$$;

CALL daybook.offer_page('messages_daily');
CALL daybook.offer_page('chats_daily');
CALL daybook.offer_page('users_daily');
CALL daybook.offer_page('csat_daily');
CALL daybook.offer_page('ai_quality_daily');
CALL daybook.offer_page('errors_daily');
