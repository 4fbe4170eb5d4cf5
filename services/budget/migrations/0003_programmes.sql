-- Which dossiers belong to which programmes, as budget's copy of the log of objectives says.

CREATE SCHEMA programmes_v1;
CREATE TABLE programmes_v1.programme_dossiers (
    dossier text COLLATE "C" NOT NULL,
    programme text COLLATE "C" NOT NULL,
    linked_fact bigint NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (dossier, programme, from_position)
);
CREATE UNIQUE INDEX ON programmes_v1.programme_dossiers (dossier, programme) WHERE to_position IS NULL;

GRANT USAGE ON SCHEMA programmes_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA programmes_v1 TO {service};
