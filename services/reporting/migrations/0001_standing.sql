-- The facts that stand in each log taken in, and the links between their streams (projections/standing.py).

CREATE SCHEMA objectives_v1;
CREATE TABLE objectives_v1.facts (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    occurred text,
    data json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON objectives_v1.facts (stream, slot) WHERE to_position IS NULL;
CREATE TABLE objectives_v1.links (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON objectives_v1.links (stream, slot) WHERE to_position IS NULL;
CREATE INDEX ON objectives_v1.links (about);
GRANT USAGE ON SCHEMA objectives_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA objectives_v1 TO {service};

CREATE SCHEMA kpi_v1;
CREATE TABLE kpi_v1.facts (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    occurred text,
    data json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON kpi_v1.facts (stream, slot) WHERE to_position IS NULL;
CREATE TABLE kpi_v1.links (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON kpi_v1.links (stream, slot) WHERE to_position IS NULL;
CREATE INDEX ON kpi_v1.links (about);
GRANT USAGE ON SCHEMA kpi_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA kpi_v1 TO {service};

CREATE SCHEMA budget_v1;
CREATE TABLE budget_v1.facts (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    occurred text,
    data json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON budget_v1.facts (stream, slot) WHERE to_position IS NULL;
CREATE TABLE budget_v1.links (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON budget_v1.links (stream, slot) WHERE to_position IS NULL;
CREATE INDEX ON budget_v1.links (about);
GRANT USAGE ON SCHEMA budget_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA budget_v1 TO {service};
