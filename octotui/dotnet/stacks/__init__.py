"""Managed stacks of a live process: taken, named, grouped and compared."""
