-- How far each build of a read model has folded its log, and each reaction; moved in the transaction of what it speaks of.
-- A version of a read model has one live build, whose schema readers and folds find here first; rebuilding fills another.
CREATE SCHEMA projections;
CREATE TABLE projections.checkpoints (
    projection text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL,
    schema text COLLATE "C" NOT NULL DEFAULT '',
    live boolean NOT NULL DEFAULT true,
    parked integer NOT NULL DEFAULT 0,
    failure text,
    PRIMARY KEY (projection, source, version, schema)
);
CREATE UNIQUE INDEX ON projections.checkpoints (projection, source, version) WHERE live;
CREATE UNIQUE INDEX ON projections.checkpoints (schema) WHERE schema <> '';

-- Streams that stand still in a build, each since an event that could not be folded. The events behind it are in the log.
CREATE TABLE projections.parked (
    schema text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL,
    error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 1,
    PRIMARY KEY (schema, stream)
);

-- Events that an operator let a version of a read model leave out when it cannot fold them.
CREATE TABLE projections.dropped (
    projection text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    error text NOT NULL,
    reason text NOT NULL,
    dropped_by text NOT NULL,
    dropped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (projection, source, version, position)
);

-- Rebuilds that were asked for. swapped: the transaction that made the new build the live one; the old one may be read by
-- transactions that are older.
CREATE TABLE projections.rebuilds (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    schema text COLLATE "C" NOT NULL,
    old_schema text COLLATE "C",
    state text COLLATE "C" NOT NULL DEFAULT 'filling' CHECK (state IN ('filling', 'differs', 'swapped', 'done', 'given up')),
    accept boolean NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    compared_at bigint,
    differences jsonb,
    swapped xid8
);
CREATE UNIQUE INDEX ON projections.rebuilds (projection, source, version) WHERE state IN ('filling', 'differs');

GRANT USAGE ON SCHEMA projections TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA projections TO {service};
