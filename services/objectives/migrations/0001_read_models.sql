-- The read models of objectives (projections/). Each row is what was known from `from_position` to before `to_position`.

CREATE SCHEMA notes_v1;
CREATE TABLE notes_v1.notes (
    note text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    opened bigint NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (note, from_position)
);
CREATE UNIQUE INDEX ON notes_v1.notes (note) WHERE to_position IS NULL;
CREATE TABLE notes_v1.objectives (
    objective text COLLATE "C" NOT NULL,
    note text COLLATE "C" NOT NULL,
    registered bigint NOT NULL,
    code text,
    parent text COLLATE "C",
    title json,
    fact json NOT NULL,
    closing json,
    changed_at timestamptz NOT NULL,
    events bigint[] NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (objective, from_position)
);
CREATE UNIQUE INDEX ON notes_v1.objectives (objective) WHERE to_position IS NULL;
CREATE INDEX ON notes_v1.objectives (note, registered);
CREATE TABLE notes_v1.sections (
    event bigint NOT NULL,
    objective text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (event, from_position)
);
CREATE UNIQUE INDEX ON notes_v1.sections (event) WHERE to_position IS NULL;
CREATE INDEX ON notes_v1.sections (objective, event);

CREATE SCHEMA statements_v1;
CREATE TABLE statements_v1.objective_versions (
    objective text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (objective, from_position)
);
CREATE UNIQUE INDEX ON statements_v1.objective_versions (objective) WHERE to_position IS NULL;
CREATE TABLE statements_v1.statements (
    objective text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (objective, subject, from_position)
);
CREATE UNIQUE INDEX ON statements_v1.statements (objective, subject) WHERE to_position IS NULL;
CREATE TABLE statements_v1.objective_units (
    objective text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (objective, unit, role, from_position)
);
CREATE UNIQUE INDEX ON statements_v1.objective_units (objective, unit, role) WHERE to_position IS NULL;

CREATE SCHEMA printed_v1;
CREATE TABLE printed_v1.printed_facts (
    event bigint NOT NULL,
    objective text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (event, from_position)
);
CREATE UNIQUE INDEX ON printed_v1.printed_facts (event) WHERE to_position IS NULL;
CREATE INDEX ON printed_v1.printed_facts (objective, event);
CREATE TABLE printed_v1.printed_amounts (
    event bigint NOT NULL,
    objective text COLLATE "C" NOT NULL,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (event, from_position)
);
CREATE UNIQUE INDEX ON printed_v1.printed_amounts (event) WHERE to_position IS NULL;
CREATE INDEX ON printed_v1.printed_amounts (objective, event);

CREATE SCHEMA dossiers_v1;
CREATE TABLE dossiers_v1.dossiers (
    dossier text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    opened bigint NOT NULL,
    fact json NOT NULL,
    standing text COLLATE "C" NOT NULL,
    since bigint NOT NULL,
    standing_fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (dossier, from_position)
);
CREATE UNIQUE INDEX ON dossiers_v1.dossiers (dossier) WHERE to_position IS NULL;
CREATE TABLE dossiers_v1.dossier_links (
    dossier text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    linked bigint NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (dossier, kind, target, from_position)
);
CREATE UNIQUE INDEX ON dossiers_v1.dossier_links (dossier, kind, target) WHERE to_position IS NULL;
CREATE INDEX ON dossiers_v1.dossier_links (target, kind, dossier);
CREATE TABLE dossiers_v1.dossier_steps (
    event bigint NOT NULL,
    dossier text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    occurred text,
    fact json NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (event, from_position)
);
CREATE UNIQUE INDEX ON dossiers_v1.dossier_steps (event) WHERE to_position IS NULL;
CREATE INDEX ON dossiers_v1.dossier_steps (dossier, event);

CREATE SCHEMA parties_v1;
CREATE TABLE parties_v1.parties (
    party text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    registered bigint NOT NULL,
    fact json NOT NULL,
    erased bigint,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (party, from_position)
);
CREATE UNIQUE INDEX ON parties_v1.parties (party) WHERE to_position IS NULL;

-- Positions and events here are those of the log of budget.
CREATE SCHEMA advances_v1;
CREATE TABLE advances_v1.advances (
    commitment text COLLATE "C" NOT NULL,
    payment text COLLATE "C" NOT NULL,
    dossier text COLLATE "C" NOT NULL,
    event bigint NOT NULL,
    paid text NOT NULL,
    amount_cents bigint NOT NULL,
    reversed_cents bigint NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (commitment, payment, from_position)
);
CREATE UNIQUE INDEX ON advances_v1.advances (commitment, payment) WHERE to_position IS NULL;
CREATE INDEX ON advances_v1.advances (dossier, event);

GRANT USAGE ON SCHEMA notes_v1, statements_v1, printed_v1, dossiers_v1, parties_v1, advances_v1 TO {service};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA
    notes_v1, statements_v1, printed_v1, dossiers_v1, parties_v1, advances_v1 TO {service};
