-- The page of an endpoint, which the responder asks for behind daybook.admit(): the view's rows of a project and
-- some days if that project has just been admitted, or none. A function in SQL, so it becomes part of the query and
-- costs nothing; and nothing is scanned for a refusal, which therefore takes no longer for a large project than for
-- none.
CREATE PROCEDURE daybook.offer_page(view name)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format($make$
        CREATE FUNCTION daybook.%1$I(project text, first_day date, end_day date) RETURNS SETOF daybook_v1.%2$I
        LANGUAGE sql STABLE
        BEGIN ATOMIC
            SELECT v.* FROM daybook_v1.%2$I v
             WHERE v.project_id = project AND v.day >= first_day AND v.day < end_day
               AND current_setting('daybook.admitted', true) = project;
        END;
        COMMENT ON FUNCTION daybook.%1$I(text, date, date) IS %3$L;
        REVOKE EXECUTE ON FUNCTION daybook.%1$I(text, date, date) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION daybook.%1$I(text, date, date) TO daybook_responder $make$,
        'page_' || view, view,
        'Rows of daybook_v1.' || view || ' for the project that daybook.admit() has let pass, and for days from one '
        'to before another; for any other project, none.');
END
$$;
COMMENT ON PROCEDURE daybook.offer_page(name) IS
    'Makes the function by which the responder reads a view of daybook_v1: daybook.page_VIEW().';
REVOKE EXECUTE ON PROCEDURE daybook.offer_page(name) FROM PUBLIC;

CALL daybook.offer_page('messages_daily');
CALL daybook.offer_page('chats_daily');
CALL daybook.offer_page('users_daily');
CALL daybook.offer_page('csat_daily');
CALL daybook.offer_page('ai_quality_daily');
CALL daybook.offer_page('errors_daily');
