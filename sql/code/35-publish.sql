-- A KPI is published in two ways: as a view of daybook_v1, for BI tools, and as its page, for the responder.
--
-- The responder asks for a page right behind daybook.admit(), which leaves the project in a setting if it lets the request
-- pass. A page's function shows the rows of that project alone. It is written in SQL, so it becomes part of the query and
-- costs nothing. Behind a refusal nothing is scanned: a refusal takes no longer for a large project than for none.
--
-- What has no page is for BI tools alone.
CREATE OR REPLACE PROCEDURE daybook.publish(view name, page name)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format($make$
        CREATE OR REPLACE VIEW daybook_v1.%1$I AS SELECT v.* FROM daybook.%1$I v;
        GRANT SELECT ON daybook_v1.%1$I TO %2$s $make$,
        view, CASE WHEN page IS NULL THEN 'daybook_reader' ELSE 'daybook_responder, daybook_reader' END);
    IF page IS NOT NULL THEN
        EXECUTE format($make$
            CREATE OR REPLACE FUNCTION daybook.%2$I(project text, first_day date, end_day date)
            RETURNS SETOF daybook_v1.%1$I LANGUAGE sql STABLE
            BEGIN ATOMIC
                SELECT v.* FROM daybook_v1.%1$I v
                 WHERE v.project_id = project AND v.day >= first_day AND v.day < end_day
                   AND current_setting('daybook.admitted', true) = project;
            END $make$, view, page);
    END IF;
    CALL daybook.describe_published(view, page);
END
$$;
COMMENT ON PROCEDURE daybook.publish(name, name) IS
    'Makes the view of daybook_v1 that shows a KPI, and the function by which the responder reads a page of it, if '
    'that has a name.';
REVOKE EXECUTE ON PROCEDURE daybook.publish(name, name) FROM PUBLIC;
