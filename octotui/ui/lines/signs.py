"""What octotui does to a process right now, for the sign of its row."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto
from types import MappingProxyType

from octotui.processes.model import ProcessKey


class Sign(Flag):
    """CAPTURED: a job runs on it; HELD: octotui keeps it stopped; TRACED: it is captured at its end."""

    NONE = 0
    CAPTURED = auto()
    HELD = auto()
    TRACED = auto()


NO_SIGNS: Mapping[ProcessKey, Sign] = MappingProxyType({})
