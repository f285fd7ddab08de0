"""The backends of this octotui, as the registry has them: what each needs."""

from __future__ import annotations

from collections.abc import Iterable

from octotui.cli.doctor.check import Check, ok
from octotui.dumps.backends.base import Backend


def known(backends: Iterable[Backend]) -> list[Check]:
    """One line for each. Which of them a process allows is said by `octotui doctor PID`."""
    return [_line(backend) for backend in backends]


def _line(backend: Backend) -> Check:
    asked = f"; only with --backend {backend.name}" if backend.is_on_request else ""
    return ok(backend.name, f"needs {backend.needs}{asked}", code=f"backend-{backend.name}")
