"""The pages' addresses: who may see them, what they ask the read models, the stylesheet."""
