"""The capture of a process at its end: traced at full speed, written with all memory and registers, then let go."""
