"""What octotui may do on this host: its user and the kernel's rules about tracing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PTRACE_SCOPE_WORDS = {
    1: "only descendants may be traced (kernel.yama.ptrace_scope = 1)",
    2: "only root may trace (kernel.yama.ptrace_scope = 2)",
    3: "nobody may trace until the next reboot (kernel.yama.ptrace_scope = 3)",
}
_CAP_SYS_PTRACE = 19
_ALLOW = "sudo sysctl kernel.yama.ptrace_scope=0"
_ALLOW_CHILDREN = "sudo sysctl kernel.yama.ptrace_scope=1"


@dataclass(frozen=True, slots=True)
class Rights:
    """`ptrace_scope` is Yama's (0 where the kernel has no Yama)."""

    uid: int
    gid: int
    ptrace_scope: int = 0

    @property
    def is_root(self) -> bool:
        return self.uid == 0

    def may_act_for(self, uid: int) -> bool:
        """True when a capture may run as `uid`."""
        return self.is_root or self.uid == uid

    def why_not_trace(self, writer_uid: int, is_child_of_target: bool) -> tuple[str, str]:
        """Why a createdump run as `writer_uid` may not trace, with the command that allows it; two "" when it may.

        The runtime allows its own child explicitly, which scope 1 honours; root is bound by scope 3 only.
        """
        words = PTRACE_SCOPE_WORDS.get(self.ptrace_scope, "")
        if self.ptrace_scope >= 3:
            return words, "reboot with kernel.yama.ptrace_scope below 3"
        if writer_uid == 0 or self.ptrace_scope <= 0 or (self.ptrace_scope == 1 and is_child_of_target):
            return "", ""
        return words, _ALLOW_CHILDREN if is_child_of_target else _ALLOW


def why_not_trace_ends(rights: Rights, proc: Path = Path("/proc")) -> tuple[str, str]:
    """Why octotui may trace no process to its end, with the next step; two "" when it may trace at least its user's."""
    if rights.ptrace_scope >= 3:
        return rights.why_not_trace(0, is_child_of_target=False)
    if _may_trace_all(proc):
        return "", ""
    if rights.ptrace_scope > 0:
        return PTRACE_SCOPE_WORDS.get(rights.ptrace_scope, ""), f"run it with sudo, or {_ALLOW}"
    if rights.is_root:
        return "root has no CAP_SYS_PTRACE here", "start the container with --cap-add SYS_PTRACE"
    return "", ""


def _may_trace_all(proc: Path) -> bool:
    """Whether CAP_SYS_PTRACE is in effect."""
    try:
        lines = (proc / "self/status").read_text().splitlines()
        mask = next(line for line in lines if line.startswith("CapEff:"))
        return bool(int(mask.split()[1], 16) >> _CAP_SYS_PTRACE & 1)
    except (OSError, ValueError, IndexError, StopIteration):
        return False


def read_rights(proc_sys: Path = Path("/proc/sys")) -> Rights:
    """The rights of this process. `proc_sys` is where the kernel's settings stand."""
    try:
        scope = int((proc_sys / "kernel/yama/ptrace_scope").read_text())
    except (OSError, ValueError):
        scope = 0
    return Rights(os.geteuid(), os.getegid(), scope)
