-- What the processes of {service} find of sources, topics and the broker, each for the others to show; lost in a crash without harm.
CREATE UNLOGGED TABLE bus.findings (
    process uuid NOT NULL,
    cause text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    at timestamptz NOT NULL
);
GRANT SELECT, INSERT, DELETE ON bus.findings TO {service};
