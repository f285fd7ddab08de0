"""What the kernel lets this user do: user and capabilities, Yama, seccomp. Roots are parameters."""

from __future__ import annotations

import pwd
from collections.abc import Mapping

from octotui.cli.doctor.check import Check, failure, ok, warning
from octotui.cli.doctor.obstacles import ALL_IDS, OLD_DOCKER, in_container, is_old_kernel, selinux_of
from octotui.cli.doctor.roots import Roots, number, text
from octotui.dumps.commands import as_root
from octotui.text import printable

CAPABILITIES = {"CAP_DAC_OVERRIDE": 1, "CAP_KILL": 5, "CAP_SYS_PTRACE": 19}


def privileges(roots: Roots | None = None) -> list[Check]:
    """The checks of this room, for the process that `proc/self` names."""
    roots = roots or Roots()
    status = roots.status()
    capabilities = held_capabilities(status.get("CapEff", ""))
    return [
        user(status),
        capability_set(roots, status, capabilities),
        yama(roots, "CAP_SYS_PTRACE" in capabilities),
        seccomp(roots, status),
        selinux_of(roots),
        apparmor(roots),
        user_namespace(roots),
    ]


def user(status: Mapping[str, str]) -> Check:
    """Who octotui runs as: root reaches the processes of every user."""
    uid = _effective_uid(status)
    if uid is None:
        return warning("user", "cannot be told: /proc/self/status is not readable", "mount -t proc proc /proc")
    if uid == 0:
        return ok("user", "root: processes of every user can be captured")
    return warning("user", f"{_user_name(uid)}: only processes of this user can be captured", as_root("doctor"))


def capability_set(roots: Roots, status: Mapping[str, str], held: frozenset[str]) -> Check:
    """The capabilities that captures of other users' processes lean on."""
    missing = [name for name in CAPABILITIES if name not in held]
    if not missing:
        return ok("capabilities", ", ".join(CAPABILITIES) + " are in effect")
    words = f"{', '.join(missing)} not in effect"
    if _effective_uid(status) != 0:
        return warning("capabilities", f"{words}: memory of other users' processes cannot be read", as_root("doctor"))
    fix = in_container(roots, "doctor")
    if "CAP_SYS_PTRACE" in missing:
        return warning("capabilities", f"{words}: root without it cannot read other processes' memory", fix)
    return warning("capabilities", f"{words}: files or processes of other users may be out of reach", fix)


def held_capabilities(mask: str) -> frozenset[str]:
    """The names of `CAPABILITIES` that are set in the hexadecimal mask of `CapEff`."""
    try:
        bits = int(mask.strip() or "0", 16)
    except ValueError:
        bits = 0
    return frozenset(name for name, bit in CAPABILITIES.items() if bits >> bit & 1)


def yama(roots: Roots, can_ptrace: bool) -> Check:
    """The scope of the Yama module, which limits who may look into a process of the same user."""
    scope = number(roots.proc / "sys/kernel/yama/ptrace_scope")
    if scope is None:
        return ok("Yama", "not built into this kernel: no limit of its own")
    if scope <= 0:
        return ok("Yama", "scope 0: no limit of its own")
    if scope == 1:
        words = "scope 1: every process through its socket, createdump from outside only on those of root"
        if can_ptrace:
            return ok("Yama", words)
        return warning("Yama", words, "sudo sysctl -w kernel.yama.ptrace_scope=0")
    if scope == 2:
        return warning(
            "Yama",
            "scope 2: only processes of root can be captured: others may not read themselves",
            "sudo sysctl -w kernel.yama.ptrace_scope=1",
        )
    return failure(
        "Yama",
        f"scope {scope}: no process can be captured, and the scope cannot be lowered before a restart",
        "set kernel.yama.ptrace_scope = 1 where it is set in /etc/sysctl.d, and restart the host",
    )


def seccomp(roots: Roots, status: Mapping[str, str]) -> Check:
    """Whether a seccomp filter stands between octotui and the ptrace calls of a capture."""
    mode = status.get("Seccomp", "").strip()
    if mode in ("", "0"):
        return ok("seccomp", "no filter on this process")
    if mode == "1":
        return failure("seccomp", "strict mode: nothing can be captured", "start octotui outside the sandbox")
    if is_old_kernel(roots):
        release = printable(text(roots.proc / "sys/kernel/osrelease"), 60)
        words = f"a filter is on and kernel {release} is older than 4.8, where Docker's own filter blocks ptrace"
        return warning("seccomp", words, OLD_DOCKER)
    return ok("seccomp", "a filter is on; Docker's own allows ptrace on this kernel, others may not")


def apparmor(roots: Roots) -> Check:
    """Whether octotui itself runs under a profile, which may lack the rule for ptrace."""
    profile = printable(roots.profile(), 80)
    if profile.endswith("(enforce)"):
        return ok("AppArmor", f"octotui runs under {profile}: processes under the same one can be captured")
    return ok("AppArmor", profile or "no profile on octotui")


def user_namespace(roots: Roots) -> Check:
    """Whether the root that octotui may be is the root of the host."""
    ranges = text(roots.proc / "self/uid_map").split()
    if not ranges or tuple(ranges) == ALL_IDS:
        return ok("user namespace", "the host's")
    words = "one of its own: its capabilities do not count for processes outside of it"
    return warning("user namespace", words, "run octotui on the host, as root, for those")


def _effective_uid(status: Mapping[str, str]) -> int | None:
    numbers = status.get("Uid", "").split()
    return int(numbers[1]) if len(numbers) > 1 and numbers[1].isdigit() else None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
