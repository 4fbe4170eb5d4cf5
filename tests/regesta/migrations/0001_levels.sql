-- What each jar holds, between which positions.
CREATE SCHEMA levels_v1;
CREATE TABLE levels_v1.levels (
    jar text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    labels text COLLATE "C" NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (jar, from_position)
);
CREATE UNIQUE INDEX ON levels_v1.levels (jar) WHERE to_position IS NULL;
GRANT USAGE ON SCHEMA levels_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA levels_v1 TO {service};
