-- The annexes of a letter: the Court of Audit's recommendations and the regulation agenda.
CREATE SCHEMA agenda_v1;
CREATE TABLE agenda_v1.recommendations (
    recommendation text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    registered bigint NOT NULL,
    fact json NOT NULL,
    answered bigint,
    answer json,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (recommendation, from_position)
);
CREATE UNIQUE INDEX ON agenda_v1.recommendations (recommendation) WHERE to_position IS NULL;
CREATE TABLE agenda_v1.regulations (
    regulation text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    scheduled bigint NOT NULL,
    fact json NOT NULL,
    stages json NOT NULL,
    adopted bigint,
    adoption json,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (regulation, from_position)
);
CREATE UNIQUE INDEX ON agenda_v1.regulations (regulation) WHERE to_position IS NULL;

GRANT USAGE ON SCHEMA agenda_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA agenda_v1 TO {service};
