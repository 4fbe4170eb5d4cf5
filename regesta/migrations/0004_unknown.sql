-- Events of a type that the release which folded them did not know: what a build went past without their facts.
ALTER TABLE projections.checkpoints ADD COLUMN unknown bigint NOT NULL DEFAULT 0;
