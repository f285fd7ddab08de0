"""The backends of this octotui, as the registry has them: what each needs, and which tool is not on this host."""

from __future__ import annotations

import os
from collections.abc import Iterable

from octotui.cli.doctor.check import Check, ok
from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.backends.base import Backend
from octotui.dumps.model import DumpType
from octotui.processes.model import ProcessKey


def known(backends: Iterable[Backend]) -> list[Check]:
    """One line for each. Which of them a process allows is said by `octotui doctor PID`."""
    return [_line(backend) for backend in backends]


def _line(backend: Backend) -> Check:
    asked = f"; only with --backend {backend.name}" if backend.is_on_request else ""
    # No process is asked about, only whether its tool is here.
    nobody = RuntimeFacts(ProcessKey(0, 0), RuntimeKind.CORECLR, uid=os.geteuid(), gid=os.getegid())
    found = backend.probe(nobody, DumpType.HEAP)
    code = f"backend-{backend.name}"
    if not found.is_installed:
        return ok(backend.name, f"not used: {found.reason}{asked}", found.hint, code=code)
    return ok(backend.name, f"needs {backend.needs}{asked}", code=code)
