"""The sentry: a process of its own that catches processes at their exec, holds them, and hands them to tracers.

`client.Sentry` is what octotui uses; everything else here runs in the sentry, on the standard library alone.
"""
