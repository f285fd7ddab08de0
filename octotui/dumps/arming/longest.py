"""How long a process may be held at all, for those who ask for it and for the process that does it."""

from __future__ import annotations

LONGEST_HOLD_SECONDS = 3600.0
