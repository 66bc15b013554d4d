CREATE OR REPLACE PROCEDURE daybook.comment_columns_as(target regclass, model regclass)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT m.attname, col_description(m.attrelid, m.attnum) AS meaning
          FROM pg_attribute m
          JOIN pg_attribute t ON t.attrelid = target AND t.attname = m.attname
         WHERE m.attrelid = model AND m.attnum > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, col.attname, col.meaning);
    END LOOP;
END
$$;
COMMENT ON PROCEDURE daybook.comment_columns_as(regclass, regclass) IS
    'Gives columns of a view the comments that columns of another with the same names have.';
REVOKE EXECUTE ON PROCEDURE daybook.comment_columns_as(regclass, regclass) FROM PUBLIC;

-- What publish() does alike in every store: comments and privileges.
CREATE OR REPLACE PROCEDURE daybook.describe_published(view name, page name)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('COMMENT ON VIEW daybook_v1.%I IS %L', view,
                   obj_description(('daybook.' || quote_ident(view))::regclass, 'pg_class'));
    CALL daybook.comment_columns_as(('daybook_v1.' || quote_ident(view))::regclass,
                                    ('daybook.' || quote_ident(view))::regclass);
    IF page IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format($make$
        COMMENT ON FUNCTION daybook.%1$I(text, date, date) IS %2$L;
        REVOKE EXECUTE ON FUNCTION daybook.%1$I(text, date, date) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION daybook.%1$I(text, date, date) TO daybook_responder $make$, page,
        'Rows of daybook_v1.' || view || ' for the project that daybook.admit() has let pass, and for days from one to '
        'before another; for any other project, none.');
END
$$;
COMMENT ON PROCEDURE daybook.describe_published(name, name) IS
    'Gives what publish() made its comments and privileges.';
REVOKE EXECUTE ON PROCEDURE daybook.describe_published(name, name) FROM PUBLIC;
