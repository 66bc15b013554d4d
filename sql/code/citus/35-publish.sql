-- Citus asks a worker as the role that runs the query, and the privileges of a view's owner do not reach there: a reader
-- of a view would need SELECT on the shards below it, of events and users. So a KPI's view stays with the owner, and roles
-- read it through functions that run as the owner.
--
-- The functions let PostgreSQL choose between plans as it likes, because Citus learns only from the project which worker to
-- ask.
--
-- The functions do not return the type of the view's rows: Citus would take that for a circle, and not replace the view.
--
-- A page's function asks on the coordinator whether the project has been admitted. Sent along with the query, that
-- question would meet a session of the worker, which knows of no admission.
CREATE OR REPLACE PROCEDURE daybook.publish(view name, page name)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns text; -- of the functions
    shown   text; -- of the view
BEGIN
    SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum),
           string_agg(format('r.%I %s AS %1$I', a.attname, CASE WHEN a.atttypid = 'text'::regtype THEN 'COLLATE "C"' END),
                      ', ' ORDER BY a.attnum)
      INTO columns, shown
      FROM pg_attribute a
     WHERE a.attrelid = ('daybook.' || quote_ident(view))::regclass AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION daybook.%2$I() RETURNS TABLE (%4$s)
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
            SET plan_cache_mode = 'auto'
        AS $body$
        BEGIN
            RETURN QUERY SELECT v.* FROM daybook.%1$I v;
        END
        $body$;
        COMMENT ON FUNCTION daybook.%2$I() IS %3$L;
        REVOKE EXECUTE ON FUNCTION daybook.%2$I() FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION daybook.%2$I() TO %6$s;
        CREATE OR REPLACE VIEW daybook_v1.%1$I AS SELECT %5$s FROM daybook.%2$I() r;
        GRANT SELECT ON daybook_v1.%1$I TO %6$s $make$,
        view, 'read_' || view,
        'All rows of daybook_v1.' || view || ', for roles that may not read the tables.', columns, shown,
        CASE WHEN page IS NULL THEN 'daybook_reader' ELSE 'daybook_responder, daybook_reader' END);
    IF page IS NOT NULL THEN
        EXECUTE format($make$
            CREATE OR REPLACE FUNCTION daybook.%2$I(project text, first_day date, end_day date) RETURNS TABLE (%3$s)
            LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
                SET plan_cache_mode = 'auto'
            AS $body$
            BEGIN
                IF current_setting('daybook.admitted', true) = project THEN
                    RETURN QUERY SELECT v.* FROM daybook.%1$I v
                                  WHERE v.project_id = project AND v.day >= first_day AND v.day < end_day;
                END IF;
            END
            $body$ $make$, view, page, columns);
    END IF;
    CALL daybook.describe_published(view, page);
END
$$;
COMMENT ON PROCEDURE daybook.publish(name, name) IS
    'Makes the view of daybook_v1 that shows a KPI, and the function by which the responder reads a page of it, if '
    'that has a name.';
REVOKE EXECUTE ON PROCEDURE daybook.publish(name, name) FROM PUBLIC;
