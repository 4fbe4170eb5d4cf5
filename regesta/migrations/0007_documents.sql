-- Documents that events of {service} name by their hash, too large for an event: what has to stay as it was, byte for byte.
SET ROLE {service}_log;

CREATE TABLE log.documents (
    hash bytea PRIMARY KEY,
    content bytea NOT NULL CHECK (hash = sha256(content)),
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Keep a document. There is no function that changes or removes one.
CREATE FUNCTION log.keep(document bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);
    INSERT INTO log.documents (hash, content) VALUES (sha256(document), document) ON CONFLICT DO NOTHING;
END
$$;

REVOKE ALL ON FUNCTION log.keep FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log.keep TO {service};
GRANT SELECT ON log.documents TO {service}, {service}_owner;
RESET ROLE;
