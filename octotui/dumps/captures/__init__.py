"""Jobs that run: each step of a plan from the last check of its target to the record beside its dump."""
