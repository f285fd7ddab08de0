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


def read_rights(proc_sys: Path = Path("/proc/sys")) -> Rights:
    """The rights of this process. `proc_sys` is where the kernel's settings stand."""
    try:
        scope = int((proc_sys / "kernel/yama/ptrace_scope").read_text())
    except (OSError, ValueError):
        scope = 0
    return Rights(os.geteuid(), os.getegid(), scope)
