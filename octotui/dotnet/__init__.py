"""A .NET process seen from outside: its runtime, its diagnostics socket."""
