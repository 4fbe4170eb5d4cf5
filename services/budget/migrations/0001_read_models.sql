-- The read models, each in a schema of its own. Rows carry the positions between which they were known; tables of facts only grow.

CREATE SCHEMA lines_v1;
CREATE TABLE lines_v1.lines (
    line text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    opened jsonb NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (line, from_position)
);
CREATE UNIQUE INDEX ON lines_v1.lines (line) WHERE to_position IS NULL;

CREATE SCHEMA ledgers_v1;
CREATE TABLE ledgers_v1.ledger_totals (
    line text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    version integer NOT NULL,
    commitment_stated jsonb,
    commitment_stated_count integer NOT NULL,
    commitment_transferred_cents bigint NOT NULL,
    commitment_transferred_count integer NOT NULL,
    commitment_used_cents bigint NOT NULL,
    commitment_used_count integer NOT NULL,
    commitment_unchecked boolean NOT NULL,
    liquidation_stated jsonb,
    liquidation_stated_count integer NOT NULL,
    liquidation_transferred_cents bigint NOT NULL,
    liquidation_transferred_count integer NOT NULL,
    liquidation_used_cents bigint NOT NULL,
    liquidation_used_count integer NOT NULL,
    liquidation_unchecked boolean NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (line, year, from_position)
);
CREATE UNIQUE INDEX ON ledgers_v1.ledger_totals (line, year) WHERE to_position IS NULL;
CREATE TABLE ledgers_v1.ledger_entries (
    position bigint PRIMARY KEY,
    line text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    credit text COLLATE "C" NOT NULL,
    figure text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    cents bigint,
    other text COLLATE "C",
    reference text COLLATE "C",
    unchecked boolean NOT NULL
);
CREATE INDEX ON ledgers_v1.ledger_entries (line, year, position);
CREATE INDEX ON ledgers_v1.ledger_entries (line, year, credit, figure, position);

CREATE SCHEMA assignments_v1;
CREATE TABLE assignments_v1.assigned_lines (
    objective text COLLATE "C" NOT NULL,
    assignment text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    assigned jsonb NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (objective, assignment, from_position)
);
CREATE UNIQUE INDEX ON assignments_v1.assigned_lines (objective, assignment) WHERE to_position IS NULL;
CREATE INDEX ON assignments_v1.assigned_lines (line);
CREATE TABLE assignments_v1.printed_allocations (
    fact bigint NOT NULL,
    objective text COLLATE "C" NOT NULL,
    printed jsonb NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (fact, from_position)
);
CREATE UNIQUE INDEX ON assignments_v1.printed_allocations (fact) WHERE to_position IS NULL;
CREATE INDEX ON assignments_v1.printed_allocations (objective);

CREATE SCHEMA conventions_v1;
CREATE TABLE conventions_v1.conventions (
    convention text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    dossier text COLLATE "C" NOT NULL,
    signed jsonb NOT NULL,
    amended jsonb,
    terminated jsonb,
    committed_cents bigint NOT NULL,
    committed_count integer NOT NULL,
    drawn_cents bigint NOT NULL,
    drawn_count integer NOT NULL,
    advanced_cents bigint NOT NULL,
    advanced_count integer NOT NULL,
    facts bigint[] NOT NULL,
    facts_count integer NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (convention, from_position)
);
CREATE UNIQUE INDEX ON conventions_v1.conventions (convention) WHERE to_position IS NULL;
CREATE INDEX ON conventions_v1.conventions (dossier, convention);
CREATE TABLE conventions_v1.convention_entries (
    position bigint PRIMARY KEY,
    convention text COLLATE "C" NOT NULL,
    figure text COLLATE "C" NOT NULL
);
CREATE INDEX ON conventions_v1.convention_entries (convention, figure, position);
CREATE INDEX ON conventions_v1.convention_entries (convention, position) WHERE figure <> 'committed';

CREATE SCHEMA commitments_v1;
CREATE TABLE commitments_v1.commitments (
    commitment text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    line text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    dossier text COLLATE "C",
    convention text COLLATE "C",
    opened jsonb NOT NULL,
    decommitted_cents bigint NOT NULL,
    liquidated_cents bigint NOT NULL,
    liquidated_count integer NOT NULL,
    reversed boolean NOT NULL,
    checked jsonb,
    opened_fact bigint NOT NULL,
    decommitted_facts bigint[] NOT NULL,
    decommitted_count integer NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (commitment, from_position)
);
CREATE UNIQUE INDEX ON commitments_v1.commitments (commitment) WHERE to_position IS NULL;
CREATE INDEX ON commitments_v1.commitments (dossier, commitment);
CREATE INDEX ON commitments_v1.commitments (convention, commitment);
CREATE INDEX ON commitments_v1.commitments (line, year, commitment);

CREATE SCHEMA payments_v1;
CREATE TABLE payments_v1.payments (
    commitment text COLLATE "C" NOT NULL,
    payment text COLLATE "C" NOT NULL,
    liquidated jsonb NOT NULL,
    reversed_cents bigint NOT NULL,
    facts bigint[] NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (commitment, payment, from_position)
);
CREATE UNIQUE INDEX ON payments_v1.payments (commitment, payment) WHERE to_position IS NULL;
CREATE INDEX ON payments_v1.payments (commitment, from_position);

CREATE SCHEMA claims_v1;
CREATE TABLE claims_v1.claims (
    commitment text COLLATE "C" NOT NULL,
    claim text COLLATE "C" NOT NULL,
    received jsonb NOT NULL,
    received_fact bigint NOT NULL,
    rejected jsonb,
    rejected_fact bigint,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (commitment, claim, from_position)
);
CREATE UNIQUE INDEX ON claims_v1.claims (commitment, claim) WHERE to_position IS NULL;

CREATE SCHEMA recoveries_v1;
CREATE TABLE recoveries_v1.recoveries (
    commitment text COLLATE "C" NOT NULL,
    recovery text COLLATE "C" NOT NULL,
    established jsonb NOT NULL,
    established_fact bigint NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (commitment, recovery, from_position)
);
CREATE UNIQUE INDEX ON recoveries_v1.recoveries (commitment, recovery) WHERE to_position IS NULL;
CREATE TABLE recoveries_v1.collections (
    position bigint PRIMARY KEY,
    commitment text COLLATE "C" NOT NULL,
    recovery text COLLATE "C" NOT NULL,
    cents bigint NOT NULL
);
CREATE INDEX ON recoveries_v1.collections (commitment, recovery, position);

CREATE SCHEMA receipts_v1;
CREATE TABLE receipts_v1.receipt_facts (
    position bigint PRIMARY KEY,
    receipt text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    figure text COLLATE "C" NOT NULL,
    cents bigint NOT NULL
);
CREATE INDEX ON receipts_v1.receipt_facts (line, year, position);
CREATE INDEX ON receipts_v1.receipt_facts (receipt, position);

CREATE SCHEMA forecasts_v1;
CREATE TABLE forecasts_v1.forecasts (
    subject text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    cents bigint NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (subject, year, from_position)
);
CREATE UNIQUE INDEX ON forecasts_v1.forecasts (subject, year) WHERE to_position IS NULL;

GRANT USAGE ON SCHEMA lines_v1, ledgers_v1, assignments_v1, conventions_v1, commitments_v1, payments_v1, claims_v1, recoveries_v1,
receipts_v1, forecasts_v1
TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA lines_v1, ledgers_v1, assignments_v1, conventions_v1, commitments_v1, payments_v1, claims_v1, recoveries_v1,
receipts_v1, forecasts_v1
TO {service};
