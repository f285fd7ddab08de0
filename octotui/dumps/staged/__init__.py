"""Where a dump is while it is written, on disk or in memory, and the journal that finds it again."""
