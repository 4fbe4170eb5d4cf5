-- Sums of obligations, payments, receipts and recoveries: each fact, and blocks of facts that are added up once.

CREATE SCHEMA sums_v1;
CREATE TABLE sums_v1.sum_entries (
    position bigint NOT NULL,
    figure text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    dossier text COLLATE "C",
    cents bigint NOT NULL,
    PRIMARY KEY (position, figure)
);
CREATE INDEX ON sums_v1.sum_entries (dossier, position) WHERE dossier IS NOT NULL;
CREATE TABLE sums_v1.sum_blocks (
    line text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    figure text COLLATE "C" NOT NULL,
    of_dossier boolean NOT NULL,
    block bigint NOT NULL,
    cents numeric NOT NULL,
    PRIMARY KEY (line, year, figure, of_dossier, block)
);
CREATE TABLE sums_v1.obligations (
    commitment text COLLATE "C" PRIMARY KEY,
    line text COLLATE "C" NOT NULL,
    dossier text COLLATE "C"
);

GRANT USAGE ON SCHEMA sums_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sums_v1 TO {service};
