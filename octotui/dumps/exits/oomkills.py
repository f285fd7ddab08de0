"""Whether the kernel killed a process because memory ran out: then nobody may keep it from giving its memory back."""

from __future__ import annotations

from dataclasses import dataclass

from octotui.dumps.exits.taskfiles import slurp

_UNIFIED = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
_MEMORY_CONTROLLER = "/sys/fs/cgroup/memory"


@dataclass(frozen=True, slots=True)
class KillCount:
    """How many processes were killed so far: `place` says where, the control group or the host."""

    place: str
    kills: int

    @classmethod
    def of(cls, pid: int) -> KillCount:
        """That of the process's memory control group where the kernel counts there, else of the whole host."""
        for path in _counters(pid):
            # Each victim counts in its own group, be it the group's limit or the host that had no memory left.
            found = [line.split() for line in slurp(path).splitlines()]
            kills = [int(f[1]) for f in found if len(f) == 2 and f[0] in (b"oom_kill", b"oom_group_kill")]
            if kills:
                return cls(path, sum(kills))
        return cls("host", _host_kills())


def was_killed(status: int, before: KillCount, now: KillCount) -> bool:
    """Whether a process with this wait status, or one of its control group, fell to a lack of memory.

    A process that changed its control group meanwhile is judged by the group's count, whatever it was before.
    """
    if status & 0x7F != 9:
        return False
    return now.kills > (before.kills if before.place == now.place else 0)


def _counters(pid: int) -> list[str]:
    paths = []
    for line in slurp(f"/proc/{pid}/cgroup").decode("utf-8", "surrogateescape").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        path = path.rstrip("/")
        if "\0" in path or "/../" in path + "/":
            continue
        if "memory" in controllers.split(","):
            paths.append(f"{_MEMORY_CONTROLLER}{path}/memory.oom_control")
        elif controllers == "" and path:
            paths += [f"{root}{path}/memory.events" for root in _UNIFIED]
    return paths


def _host_kills() -> int:
    for line in slurp("/proc/vmstat").splitlines():
        if line.startswith(b"oom_kill "):
            return int(line.split()[1])
    return 0
