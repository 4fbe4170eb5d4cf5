-- Of each log the types that a release which folded it did not know, each with the first event of it. A release that knows one leaves it out.
CREATE TABLE projections.unknown_types (
    source text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (source, type)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON projections.unknown_types TO {service};
