"""octotui: a terminal process monitor and dump console for Octopus Deploy hosts."""

__version__ = "0.1.0"
