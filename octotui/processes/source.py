"""The process source that fits this machine."""

from __future__ import annotations

import sys
from pathlib import Path

from octotui.processes.model import ProcessSource, Redactor


def open_source(redact: Redactor, proc: Path = Path("/proc")) -> ProcessSource:
    """The reader of `proc` where it is a proc file system, psutil anywhere else."""
    if sys.platform == "linux" and (proc / "self" / "stat").exists():
        from octotui.processes.procfs import ProcfsSource

        return ProcfsSource(redact, proc)
    from octotui.processes.portable import PsutilSource

    return PsutilSource(redact)
