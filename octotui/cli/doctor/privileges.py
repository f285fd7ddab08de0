"""What the kernel lets this user do: user and capabilities, Yama, seccomp. Roots are parameters."""

from __future__ import annotations

import pwd
import re
from collections.abc import Mapping
from pathlib import Path

from octotui.cli.doctor.check import Check, failure, ok, warning

CAPABILITIES = {"CAP_DAC_OVERRIDE": 1, "CAP_KILL": 5, "CAP_SYS_PTRACE": 19}
AS_ROOT = 'sudo "$(command -v octotui)" doctor'
ROOT_IN_CONTAINER = "docker run --cap-add=SYS_PTRACE ... (Kubernetes: securityContext.capabilities.add [SYS_PTRACE])"


def privileges(proc: Path = Path("/proc")) -> list[Check]:
    """The checks of this room, for the process that `proc/self` names."""
    status = _status(proc)
    capabilities = held_capabilities(status.get("CapEff", ""))
    return [
        user(status),
        capability_set(status, capabilities),
        yama(proc, "CAP_SYS_PTRACE" in capabilities),
        seccomp(proc, status),
    ]


def user(status: Mapping[str, str]) -> Check:
    """Who octotui runs as: root reaches the processes of every user."""
    uid = _effective_uid(status)
    if uid is None:
        return warning("user", "cannot be told: /proc/self/status is not readable", "mount -t proc proc /proc")
    if uid == 0:
        return ok("user", "root: processes of every user can be captured")
    return warning(
        "user", f"{_user_name(uid)}: only processes of this user can be captured", f"{AS_ROOT}, for those of others"
    )


def capability_set(status: Mapping[str, str], held: frozenset[str]) -> Check:
    """The capabilities that captures of other users' processes lean on."""
    missing = [name for name in CAPABILITIES if name not in held]
    if not missing:
        return ok("capabilities", ", ".join(CAPABILITIES) + " are in effect")
    words = f"{', '.join(missing)} not in effect"
    if _effective_uid(status) != 0:
        return warning("capabilities", f"{words}: memory of other users' processes cannot be read", AS_ROOT)
    if "CAP_SYS_PTRACE" in missing:
        return warning(
            "capabilities", f"{words}: root without it cannot read other processes' memory", ROOT_IN_CONTAINER
        )
    return warning("capabilities", f"{words}: files or processes of other users may be out of reach", ROOT_IN_CONTAINER)


def held_capabilities(mask: str) -> frozenset[str]:
    """The names of `CAPABILITIES` that are set in the hexadecimal mask of `CapEff`."""
    try:
        bits = int(mask.strip() or "0", 16)
    except ValueError:
        bits = 0
    return frozenset(name for name, bit in CAPABILITIES.items() if bits >> bit & 1)


def yama(proc: Path, can_ptrace: bool) -> Check:
    """The scope of the Yama module, which limits who may look into a process of the same user."""
    scope = _number(proc / "sys/kernel/yama/ptrace_scope")
    if scope is None:
        return ok("Yama", "not built into this kernel: no limit of its own")
    if scope <= 0:
        return ok("Yama", "scope 0: no limit of its own")
    if scope == 1:
        if can_ptrace:
            return ok("Yama", "scope 1: this process is exempt (CAP_SYS_PTRACE)")
        return warning(
            "Yama",
            "scope 1: createdump cannot be run on a process from outside; the diagnostics socket still works",
            "sudo sysctl kernel.yama.ptrace_scope=0, until the next restart",
        )
    if scope == 2:
        return warning(
            "Yama",
            "scope 2: only processes with CAP_SYS_PTRACE may be read, and a target that has not got it cannot "
            "dump itself through its socket",
            "sudo sysctl kernel.yama.ptrace_scope=1, until the next restart",
        )
    return failure(
        "Yama",
        f"scope {scope}: no process can be captured, and the scope cannot be lowered before a restart",
        "grep -rs ptrace_scope /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d; set it to 1 there and restart",
    )


def seccomp(proc: Path, status: Mapping[str, str]) -> Check:
    """Whether a seccomp filter stands between octotui and the ptrace calls of a capture."""
    mode = status.get("Seccomp", "").strip()
    if mode in ("", "0"):
        return ok("seccomp", "no filter on this process")
    if mode == "1":
        return failure("seccomp", "strict mode: nothing can be captured", "start octotui outside the sandbox")
    release = _text(proc / "sys/kernel/osrelease")
    found = re.match(r"(\d+)\.(\d+)", release)
    if found and (int(found[1]), int(found[2])) < (4, 8):
        return warning(
            "seccomp",
            f"a filter is on and kernel {release} is older than 4.8, where Docker's own filter blocks ptrace",
            "docker run --cap-add=SYS_PTRACE ...",
        )
    return ok("seccomp", "a filter is on; Docker's own allows ptrace on this kernel, others may not")


def _status(proc: Path) -> dict[str, str]:
    lines = (line.partition(":") for line in _text(proc / "self/status").splitlines())
    return {name: value.strip() for name, _, value in lines}


def _effective_uid(status: Mapping[str, str]) -> int | None:
    numbers = status.get("Uid", "").split()
    return int(numbers[1]) if len(numbers) > 1 and numbers[1].isdigit() else None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _number(path: Path) -> int | None:
    try:
        return int(_text(path))
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
