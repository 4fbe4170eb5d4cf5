-- How far each projection has folded each log; moved in the transaction of the rows it speaks of.
CREATE SCHEMA projections;
CREATE TABLE projections.checkpoints (
    projection text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL,
    failure text,
    PRIMARY KEY (projection, source)
);
GRANT USAGE ON SCHEMA projections TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON projections.checkpoints TO {service};
