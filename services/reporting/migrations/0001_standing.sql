-- The facts that stand in each log taken in, and the links between their streams (projections/standing.py).

CREATE SCHEMA objectives_standing_v1;
CREATE TABLE objectives_standing_v1.objectives_facts (
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
CREATE UNIQUE INDEX ON objectives_standing_v1.objectives_facts (stream, slot) WHERE to_position IS NULL;
CREATE TABLE objectives_standing_v1.objectives_links (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON objectives_standing_v1.objectives_links (stream, slot) WHERE to_position IS NULL;
CREATE INDEX ON objectives_standing_v1.objectives_links (about);
GRANT USAGE ON SCHEMA objectives_standing_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA objectives_standing_v1 TO {service};

CREATE SCHEMA kpi_standing_v1;
CREATE TABLE kpi_standing_v1.kpi_facts (
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
CREATE UNIQUE INDEX ON kpi_standing_v1.kpi_facts (stream, slot) WHERE to_position IS NULL;
CREATE TABLE kpi_standing_v1.kpi_links (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON kpi_standing_v1.kpi_links (stream, slot) WHERE to_position IS NULL;
CREATE INDEX ON kpi_standing_v1.kpi_links (about);
GRANT USAGE ON SCHEMA kpi_standing_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kpi_standing_v1 TO {service};

CREATE SCHEMA budget_standing_v1;
CREATE TABLE budget_standing_v1.budget_facts (
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
CREATE UNIQUE INDEX ON budget_standing_v1.budget_facts (stream, slot) WHERE to_position IS NULL;
CREATE TABLE budget_standing_v1.budget_links (
    stream text COLLATE "C" NOT NULL,
    slot text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (stream, slot, from_position)
);
CREATE UNIQUE INDEX ON budget_standing_v1.budget_links (stream, slot) WHERE to_position IS NULL;
CREATE INDEX ON budget_standing_v1.budget_links (about);
GRANT USAGE ON SCHEMA budget_standing_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA budget_standing_v1 TO {service};
