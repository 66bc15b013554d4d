-- What every store needs, and only a superuser can give. Changes nothing.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'hll')
       AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        RAISE 'the database lacks the extension hll' USING HINT = 'A superuser runs CREATE EXTENSION hll in it.';
    END IF;
END
$$;
