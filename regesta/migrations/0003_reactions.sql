-- A reaction parks streams as a read model does, so it is named where a read model names the schema of its tables.
UPDATE projections.checkpoints SET schema = projection WHERE schema = '';
