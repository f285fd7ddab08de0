"""The process source that fits this machine."""

from __future__ import annotations

import sys
from pathlib import Path

from octotui.processes.model import ProcessSource, Redactor


def open_source(redact: Redactor, proc: Path = Path("/proc"), *, is_following: bool = False) -> ProcessSource:
    """The reader of `proc` where it is a proc file system, psutil anywhere else.

    `is_following`: many snapshots will be taken, so the kernel is asked to tell of starts and ends.
    """
    if sys.platform == "linux" and (proc / "self" / "stat").exists():
        from octotui.processes.procfs import ProcfsSource

        if not is_following:
            return ProcfsSource(redact, proc)
        from octotui.processes.hearing import Hearing

        return ProcfsSource(redact, proc, hearing=Hearing())
    from octotui.processes.portable import PsutilSource

    return PsutilSource(redact)
