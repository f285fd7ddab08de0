"""Where the doctor reads what the kernel says, and small reads that never raise."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CAP_SYS_PTRACE = 1 << 19


@dataclass(frozen=True, slots=True)
class Roots:
    """`/proc` and `/sys`; octotui itself is `proc/self`."""

    proc: Path = Path("/proc")
    system: Path = Path("/sys")

    def status(self, who: int | str = "self") -> dict[str, str]:
        """The fields of a process's status; empty when they cannot be read."""
        lines = (line.partition(":") for line in text(self.proc / str(who) / "status").splitlines())
        return {name: value.strip() for name, _, value in lines}

    def link(self, who: int | str, name: str) -> str:
        """Where a link of a process leads; "" when it may not be read."""
        try:
            return os.readlink(self.proc / str(who) / name)
        except OSError:
            return ""

    def profile(self, who: int | str = "self") -> str:
        """The AppArmor profile as `name (mode)`, "" where there is none."""
        said = text(self.proc / str(who) / "attr/apparmor/current") or text(self.proc / str(who) / "attr/current")
        return said.strip("\0 ") if said.endswith(")") else ""

    def may_trace_others(self) -> bool:
        """Whether octotui holds CAP_SYS_PTRACE."""
        try:
            return bool(int(self.status().get("CapEff", "0"), 16) & CAP_SYS_PTRACE)
        except ValueError:
            return False

    def effective_uid(self, who: int | str = "self") -> int:
        """-1 when it cannot be read."""
        numbers = self.status(who).get("Uid", "").split()
        return int(numbers[1]) if len(numbers) > 1 and numbers[1].isdigit() else -1


def text(path: Path) -> str:
    """A small file's text without the white space around it; "" when it cannot be read."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def number(path: Path) -> int | None:
    """A small file's number, None when there is none."""
    try:
        return int(text(path))
    except ValueError:
        return None
