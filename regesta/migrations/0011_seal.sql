-- Under which key the records of the own topic are sealed, and those of the sources' topics as they told it (see regesta/seal.py).
SET ROLE {service}_log;

-- In the log's schema, for it is of the log: a backup holds it, and a log with a new id keeps it.
CREATE TABLE log.seal (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- Of two random UUIDs, which have 244 random bits.
    key bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
);
INSERT INTO log.seal DEFAULT VALUES;
GRANT SELECT ON log.seal TO {service}, {service}_owner;
RESET ROLE;

CREATE TABLE bus.seals (
    source text COLLATE "C" PRIMARY KEY,
    key bytea NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON bus.seals TO {service};
