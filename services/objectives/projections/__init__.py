"""Read models, each row fed by one stream."""
