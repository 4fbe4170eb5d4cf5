-- The read models of indicators (projections/). Each row is what was known from `from_position` to before `to_position`.

CREATE SCHEMA indicators_v1;
CREATE TABLE indicators_v1.indicators (
    indicator text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    retired bigint,
    retirement json,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (indicator, from_position)
);
CREATE UNIQUE INDEX ON indicators_v1.indicators (indicator) WHERE to_position IS NULL;
CREATE TABLE indicators_v1.definitions (
    indicator text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (indicator, year, from_position)
);
CREATE UNIQUE INDEX ON indicators_v1.definitions (indicator, year) WHERE to_position IS NULL;

CREATE SCHEMA placements_v1;
CREATE TABLE placements_v1.placements (
    indicator text COLLATE "C" NOT NULL,
    objective text COLLATE "C" NOT NULL,
    section_year integer NOT NULL,
    section_kind text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (indicator, objective, section_year, section_kind, from_position)
);
CREATE UNIQUE INDEX ON placements_v1.placements (indicator, objective, section_year, section_kind)
WHERE to_position IS NULL;
CREATE INDEX ON placements_v1.placements (objective, indicator);

CREATE SCHEMA thresholds_v1;
CREATE TABLE thresholds_v1.thresholds (
    event bigint NOT NULL,
    indicator text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (event, from_position)
);
CREATE UNIQUE INDEX ON thresholds_v1.thresholds (event) WHERE to_position IS NULL;
CREATE INDEX ON thresholds_v1.thresholds (indicator, event);

CREATE SCHEMA bands_v1;
CREATE TABLE bands_v1.bands (
    indicator text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    level text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (indicator, year, level, from_position)
);
CREATE UNIQUE INDEX ON bands_v1.bands (indicator, year, level) WHERE to_position IS NULL;

CREATE SCHEMA targets_v1;
CREATE TABLE targets_v1.targets (
    indicator text COLLATE "C" NOT NULL,
    horizon text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (indicator, horizon, from_position)
);
CREATE UNIQUE INDEX ON targets_v1.targets (indicator, horizon) WHERE to_position IS NULL;

CREATE SCHEMA measurements_v1;
CREATE TABLE measurements_v1.measurements (
    event bigint NOT NULL,
    indicator text COLLATE "C" NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    whole boolean NOT NULL,
    corrects bigint,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (event, from_position)
);
CREATE UNIQUE INDEX ON measurements_v1.measurements (event) WHERE to_position IS NULL;
CREATE INDEX ON measurements_v1.measurements (indicator, event);
CREATE INDEX ON measurements_v1.measurements (corrects) WHERE corrects IS NOT NULL;

GRANT USAGE ON SCHEMA indicators_v1, placements_v1, thresholds_v1, bands_v1, targets_v1, measurements_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA
    indicators_v1, placements_v1, thresholds_v1, bands_v1, targets_v1, measurements_v1 TO {service};
