"""Is a file a whole dump, whose is it, and what wrote it."""
