-- Whether the log of {service} may be written, where a replica and its source differ, and what was adopted.
SET ROLE {service}_log;

-- The server, its timeline and the database in which the log was last opened. Others mean that it was restored, or moved.
ALTER TABLE log.identity ADD COLUMN ground text COLLATE "C";

-- Why nothing may be appended; no row while it may. consumer, held: who said to hold how much of this log, more than there is.
CREATE TABLE log.closed (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    reason text COLLATE "C" NOT NULL CHECK (reason IN ('restored', 'behind')),
    consumer text COLLATE "C",
    held bigint,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Sources whose log differs from the replica. common: the last position at which both are the same.
CREATE TABLE log.forks (
    source text COLLATE "C" PRIMARY KEY,
    log uuid NOT NULL,
    common bigint NOT NULL,
    head bigint NOT NULL,
    reason text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Events that were given up: those of `source` beyond `position`, up to `head`. Of a replica, to follow another log; of the own
-- log, which got a new id, because they were lost.
CREATE TABLE log.adoptions (
    number integer PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    old_log uuid NOT NULL,
    new_log uuid NOT NULL,
    position bigint NOT NULL,
    head bigint NOT NULL,
    adopted_by text NOT NULL,
    adopted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION log.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the log is closed' USING ERRCODE = 'RG503', DETAIL = (SELECT reason FROM log.closed);
END
$$;
-- Enabled while there is a row in `closed`, so that an open log does not pay for it. Each append inserts here, also one without events.
CREATE TRIGGER closed BEFORE INSERT ON log.events FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();
ALTER TABLE log.events DISABLE TRIGGER closed;

REVOKE ALL ON FUNCTION log.refuse FROM PUBLIC;
GRANT SELECT ON log.closed, log.forks, log.adoptions TO {service}, {service}_owner;
RESET ROLE;
