-- With these the runtime of {service} makes and unmakes builds of its read models, without a right to make anything else. Made
-- anew whenever this file changes; arguments and results stay, for a process of the release before may call them.

-- Make a build: a schema with tables like those that a migration made for this version. Returns its name.
CREATE OR REPLACE FUNCTION projections.make_build(of_schema text, number integer) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made text := format('%s_b%s', of_schema, number);
    one text;
BEGIN
    IF of_schema !~ '^[a-z][a-z0-9_]*_v[0-9]+$' OR length(made) > 63 THEN
        RAISE EXCEPTION 'no schema of a version of a read model: %', of_schema USING ERRCODE = 'invalid_schema_name';
    END IF;
    EXECUTE format('CREATE SCHEMA %I', made);
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = of_schema LOOP
        EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', made, one, of_schema, one);
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO {service}', made);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO {service}', made);
    RETURN made;
END
$$;

-- Unmake a build that nobody follows. What a migration made is emptied instead: it is what other builds are made like.
CREATE OR REPLACE FUNCTION projections.drop_build(of_schema text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    one text;
BEGIN
    IF of_schema !~ '^[a-z][a-z0-9_]*_v[0-9]+(_b[0-9]+)?$' THEN
        RAISE EXCEPTION 'no schema of a read model: %', of_schema USING ERRCODE = 'invalid_schema_name';
    END IF;
    IF EXISTS (SELECT FROM projections.checkpoints AS c WHERE c.schema = of_schema) THEN
        RAISE EXCEPTION 'the build % is in use', of_schema USING ERRCODE = 'object_in_use';
    END IF;
    IF of_schema ~ '_b[0-9]+$' THEN
        EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', of_schema);
    ELSE
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = of_schema LOOP
            EXECUTE format('TRUNCATE %I.%I', of_schema, one);
        END LOOP;
    END IF;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA projections FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projections.make_build, projections.drop_build TO {service};
