-- Who gets the turn on a stream after the one that has it, in order.
SET ROLE {service}_log;
ALTER TABLE log.turns ADD COLUMN waiting uuid[] NOT NULL DEFAULT '{{}}';
RESET ROLE;
