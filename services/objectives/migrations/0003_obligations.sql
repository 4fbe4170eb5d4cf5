-- Conventions and commitments of dossiers; positions and events here are those of the log of budget.
CREATE SCHEMA obligations_v1;
CREATE TABLE obligations_v1.obligations (
    stream text COLLATE "C" NOT NULL,
    dossier text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    event bigint NOT NULL,
    made text NOT NULL,
    undone boolean NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, from_position)
);
CREATE UNIQUE INDEX ON obligations_v1.obligations (stream) WHERE to_position IS NULL;
CREATE INDEX ON obligations_v1.obligations (dossier, kind, event);

GRANT USAGE ON SCHEMA obligations_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA obligations_v1 TO {service};
