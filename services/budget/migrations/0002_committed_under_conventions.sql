-- Version 2 of the conventions: with what is committed under them. The rebuild fills it from the log.

CREATE SCHEMA conventions_v2;
CREATE TABLE conventions_v2.conventions (
    convention text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    dossier text COLLATE "C" NOT NULL,
    signed jsonb NOT NULL,
    amended jsonb,
    terminated jsonb,
    committed_cents bigint NOT NULL,
    drawn_cents bigint NOT NULL,
    advanced_cents bigint NOT NULL,
    facts bigint[] NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (convention, from_position)
);
CREATE UNIQUE INDEX ON conventions_v2.conventions (convention) WHERE to_position IS NULL;
CREATE INDEX ON conventions_v2.conventions (dossier, convention);
CREATE TABLE conventions_v2.entries (
    position bigint PRIMARY KEY,
    convention text COLLATE "C" NOT NULL,
    figure text COLLATE "C" NOT NULL
);
CREATE INDEX ON conventions_v2.entries (convention, position);

DROP SCHEMA conventions_v1 CASCADE;

GRANT USAGE ON SCHEMA conventions_v2 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA conventions_v2 TO {service};
