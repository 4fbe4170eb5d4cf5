-- The log of {service} and its replicas of other logs. Owned by {service}_log: nobody else can write but through `append` and
-- `replicate`, which run as their owner.

CREATE SCHEMA log AUTHORIZATION {service}_log;
SET ROLE {service}_log;

CREATE TABLE log.identity (log uuid PRIMARY KEY);
INSERT INTO log.identity VALUES (gen_random_uuid());

CREATE TABLE log.events (
    position bigint PRIMARY KEY,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    type text COLLATE "C" NOT NULL,
    time timestamptz NOT NULL,
    unit uuid NOT NULL,
    meta json NOT NULL,
    data json NOT NULL,
    UNIQUE (stream, version)
);

CREATE TABLE log.replicas (
    source text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    type text COLLATE "C" NOT NULL,
    time timestamptz NOT NULL,
    meta json NOT NULL,
    data json NOT NULL,
    PRIMARY KEY (source, position),
    UNIQUE (source, stream, version)
);

-- One row per source: how far its replica reaches. `time` is that of its last event.
CREATE TABLE log.sources (
    source text COLLATE "C" PRIMARY KEY,
    log uuid NOT NULL,
    head bigint NOT NULL,
    time timestamptz NOT NULL
);

CREATE TABLE log.keys (
    subject text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    hash bytea NOT NULL,
    unit uuid NOT NULL,
    first bigint NOT NULL,
    count integer NOT NULL,
    token bigint NOT NULL,
    time timestamptz NOT NULL,
    PRIMARY KEY (subject, key)
);

-- Who may write a contended stream next; lost in a crash without harm.
CREATE UNLOGGED TABLE log.turns (
    stream text COLLATE "C" PRIMARY KEY,
    holder uuid NOT NULL,
    until timestamptz NOT NULL
);

GRANT USAGE ON SCHEMA log TO {service}, {service}_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA log TO {service}, {service}_owner;
RESET ROLE;
