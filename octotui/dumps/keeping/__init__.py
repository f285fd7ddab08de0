"""The store: its dumps and their records, its limits, what leaves it."""
