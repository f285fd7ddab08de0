"""The host as support needs to know it."""

from __future__ import annotations

import getpass
import os
import platform
from pathlib import Path

from octotui import __version__
from octotui.analysis.model import HostFacts
from octotui.text import printable

_PROC = Path("/proc")


def read_host_facts(proc: Path = _PROC) -> HostFacts:
    """Names and sizes of this host. What cannot be read is empty or zero. Blocks for milliseconds."""
    return HostFacts(
        name=printable(platform.node(), 100),
        system=printable(_system(), 100),
        kernel=printable(f"{platform.system()} {platform.release()}", 100),
        architecture=printable(platform.machine(), 20),
        processors=os.cpu_count() or 0,
        memory_bytes=_memory(proc),
        load=_load(),
        octotui_version=__version__,
        user=printable(_user(), 40),
    )


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.system()


def _memory(proc: Path) -> int:
    try:
        line = next(line for line in (proc / "meminfo").read_text().splitlines() if line.startswith("MemTotal:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return 0


def _load() -> tuple[float, float, float]:
    try:
        return os.getloadavg()
    except OSError:
        return 0.0, 0.0, 0.0


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.geteuid())
