"""The ways to have a process written to a file: each is a backend, listed in `registry`."""
