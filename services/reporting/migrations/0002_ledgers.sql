-- The running totals of the ledgers (projections/ledgers.py).

CREATE SCHEMA ledgers_v1;
CREATE TABLE ledgers_v1.ledger_totals (
    stream text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    credit text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    total_cents bigint NOT NULL,
    unchecked boolean NOT NULL,
    from_position bigint NOT NULL,
    PRIMARY KEY (stream, type, credit, from_position) INCLUDE (recorded_at)
);
GRANT USAGE ON SCHEMA ledgers_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ledgers_v1 TO {service};

-- The months of a note are counted in these alone (projections/months.py).
CREATE INDEX ON objectives_standing_v1.objectives_facts (stream, recorded_at);
CREATE INDEX ON kpi_standing_v1.kpi_facts (stream, recorded_at);
CREATE INDEX ON budget_standing_v1.budget_facts (stream, recorded_at);
