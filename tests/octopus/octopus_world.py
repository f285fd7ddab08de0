"""Snapshots of made-up hosts, built from raw command lines as the reader builds them: redacted first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from octotui.octopus.instances import RegisteredInstance
from octotui.octopus.meaning import OctopusInterpreter
from octotui.octopus.secrets import redact
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Snapshot

TICKET = "20260821060923-826567-31"
TICKET_V2 = "9fKq2ZbTz0uGh1xw4Yc7Ag"
GUID = "1f3-4c2d-9e8b-0a1b2c3d4e5f"
KEY_HEX = "0123456789ABCDEF" * 4
KEY_HEX_OLD = "0123456789ABCDEF" * 2
KEY_BASE64 = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaQo="


def process(
    pid: int,
    argv: Sequence[str],
    *,
    parent: int = 1,
    executable: str = "",
    name: str = "",
    cwd: str = "",
    cgroup: str = "",
    started: int | None = None,
    is_kernel: bool = False,
) -> ProcessInfo:
    """One process; `started` defaults to its pid, so that higher pids are younger."""
    return ProcessInfo(
        key=ProcessKey(pid, pid if started is None else started),
        parent_pid=parent,
        name=name or (argv[0].replace("\\", "/").rpartition("/")[2][:15] if argv else "none"),
        executable=executable,
        argv=redact(argv),
        cwd=cwd,
        cgroup=cgroup,
        is_kernel=is_kernel,
        started_seconds=float(pid if started is None else started) / 100,
    )


SYSTEMD = process(1, ["/sbin/init"], parent=0, executable="/usr/lib/systemd/systemd", name="systemd", started=0)
SSHD = process(90, ["sshd: /usr/sbin/sshd -D"], executable="/usr/sbin/sshd", name="sshd")
TENTACLE = process(
    100,
    ["/opt/octopus/tentacle/Tentacle", "run", "--instance=Tentacle", "--noninteractive"],
    executable="/opt/octopus/tentacle/Tentacle",
    cgroup="/system.slice/Tentacle.service",
)
BOOTSTRAP = process(
    110, ["/bin/bash", f"/etc/octopus/Work/{TICKET}/Bootstrap.sh"], parent=100, executable="/usr/bin/bash"
)
CALAMARI_PATH = "/etc/octopus/Tools/Calamari.linux-x64/2026.4.55/Calamari"
CALAMARI = process(
    120,
    [CALAMARI_PATH, "run-script", "-variables", "Variables.secret", "-variablesPassword=Hunter2=="],
    parent=110,
    executable=CALAMARI_PATH,
)
SCRIPT = process(130, ["bash", f"Bootstrap.{GUID}.Script.sh", KEY_HEX], parent=120, executable="/usr/bin/bash")
TREE = (SYSTEMD, SSHD, TENTACLE, BOOTSTRAP, CALAMARI, SCRIPT)


def snapshot(*processes: ProcessInfo, monotonic: float = 100.0) -> Snapshot:
    """A snapshot of the processes, taken at a fixed date on a host that has been up for an hour."""
    return Snapshot(
        host="web-07",
        taken_at=datetime(2026, 8, 21, 6, 10, tzinfo=UTC),
        monotonic=monotonic,
        uptime_seconds=3600.0,
        processes={p.key: p for p in processes},
    )


class StandInFiles:
    """Log heads by work directory and a registry, with the number of reads of each."""

    def __init__(
        self, logs: Mapping[str, bytes] | None = None, registered: tuple[RegisteredInstance, ...] = ()
    ) -> None:
        self.logs = dict(logs or {})
        self.registered = registered
        self.log_reads: list[str] = []
        self.registry_reads = 0

    def log_head(self, work_directory: str) -> bytes:
        self.log_reads.append(work_directory)
        return self.logs.get(work_directory, b"")

    def instances(self) -> tuple[RegisteredInstance, ...]:
        self.registry_reads += 1
        return self.registered


def interpreter(files: StandInFiles | None = None, *, own_pid: int = 0) -> OctopusInterpreter:
    """An interpreter to which no memory map is readable, so that .NET is what the names promise."""
    return OctopusInterpreter(files=files or StandInFiles(), own_pid=own_pid, is_dotnet=lambda _: None)


def meanings(*processes: ProcessInfo, files: StandInFiles | None = None, own_pid: int = 0) -> dict[int, Meaning]:
    """The meaning of each process by pid."""
    found = interpreter(files, own_pid=own_pid)(snapshot(*processes))
    return {key.pid: meaning for key, meaning in found.items()}
