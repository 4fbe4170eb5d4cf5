-- How often events that a build, or a reaction, may have read were given up. Who read before that moves it no more.
ALTER TABLE projections.checkpoints ADD COLUMN epoch integer NOT NULL DEFAULT 0;
