"""The format in which a runtime streams its events, read piece by piece and taken for hostile."""
