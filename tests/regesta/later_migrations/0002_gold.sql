-- The later release counts gold apart, and leaves room in the old tables for a remark.
ALTER TABLE levels_v1.levels ADD COLUMN remark text COLLATE "C";
CREATE SCHEMA levels_v2;
CREATE TABLE levels_v2.levels (
    jar text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    gold bigint NOT NULL,
    facts text COLLATE "C" NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (jar, from_position)
);
CREATE UNIQUE INDEX ON levels_v2.levels (jar) WHERE to_position IS NULL;
GRANT USAGE ON SCHEMA levels_v2 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA levels_v2 TO {service};
