"""Real .NET processes for tests and benchmarks, with the identity that octotui gives them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

from octotui.demo.standin import Gap, StandIn
from octotui.processes.model import ProcessKey

__all__ = ["NOBODY", "DotnetTarget", "Gap", "StartTarget", "needs_gcc", "needs_root"]

NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user's process is made by root")
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="a renamed .NET executable is compiled with gcc")


class DotnetTarget(StandIn):
    """A stand-in with its `ProcessKey`. `DotnetTarget.start(...)` as `StandIn.start`; a context manager."""

    @property
    def key(self) -> ProcessKey:
        return ProcessKey(self.pid, self.started)


StartTarget = Callable[..., DotnetTarget]
"""`DotnetTarget.start` with its keyword arguments, as the fixture `start_target` of tests/real gives it."""
