-- What {service} and a broker have to do with each other; empty while it uses feeds.
CREATE SCHEMA bus;

-- Who publishes the own log, until when, and how far it is. epoch: of that lease; who had an earlier one moves nothing any more.
-- log: the id of the log that was published. A log with a new id is published from its first event on.
CREATE TABLE bus.relay (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    holder uuid NOT NULL,
    epoch bigint NOT NULL,
    until timestamptz NOT NULL,
    log uuid NOT NULL,
    position bigint NOT NULL
);

-- Where a source's topic goes on behind an event of its replica: the broker's offset, moved in the transaction that stored the event.
CREATE TABLE bus.offsets (
    source text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL,
    "offset" bigint NOT NULL
);

GRANT USAGE ON SCHEMA bus TO {service};
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA bus TO {service};
