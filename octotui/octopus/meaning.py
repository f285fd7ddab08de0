"""What the processes of a snapshot mean to Octopus: role, task, instance, version, and octotui's own line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from octotui.octopus import commandline
from octotui.octopus.attribution import Attribution
from octotui.octopus.expectation import calamari_version, expected_dotnet
from octotui.octopus.family import Evidence, Standing, own_family, settle
from octotui.octopus.lineage import Lineage
from octotui.octopus.roles import LABELS, Role, classify
from octotui.octopus.tasks import first_work_directory
from octotui.octopus.workfiles import WorkFiles
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Snapshot

YOUNG_SECONDS = 15.0
"""A process younger than this may still load its runtime, so a "no" is asked again."""

_SERVICES = frozenset({Role.TENTACLE, Role.TENTACLE_CLI, Role.SERVER, Role.SERVER_CLI, Role.OTHER_OCTOPUS})


class OctopusInterpreter:
    """Says what each process of a snapshot means; one meaning for every process.

    Call it from one thread at a time. `own_pid` is octotui's; `is_dotnet` answers True, False, or None while it is not
    known, and is asked again until the answer settles. Command lines, families and files are looked at only when
    something in the snapshot changed.
    """

    def __init__(self, *, files: WorkFiles, own_pid: int, is_dotnet: Callable[[ProcessInfo], bool | None]) -> None:
        self._attribution = Attribution(files)
        self._own_pid = own_pid
        self._is_dotnet = is_dotnet
        self._seen: dict[ProcessKey, ProcessInfo] = {}
        self._evidence: dict[ProcessKey, Evidence] = {}
        self._dotnet: dict[ProcessKey, bool | None] = {}
        self._settled: set[ProcessKey] = set()
        self._meanings: Mapping[ProcessKey, Meaning] = MappingProxyType({})

    def __call__(self, snapshot: Snapshot) -> Mapping[ProcessKey, Meaning]:
        """The meaning of every process of `snapshot`; the same mapping again when nothing changed."""
        has_changed = self._look(snapshot)
        has_changed |= self._ask_dotnet(snapshot)
        has_changed |= self._attribution.is_due(snapshot.monotonic)
        if has_changed:
            self._meanings = MappingProxyType(self._interpreted(snapshot))
        return self._meanings

    def _look(self, snapshot: Snapshot) -> bool:
        """Takes in new and changed processes and forgets the gone; whether there were any."""
        has_changed = False
        seen = self._seen
        for key, process in snapshot.processes.items():
            before = seen.get(key)
            if before is process:
                continue
            seen[key] = process
            if before is None or not _is_alike(before, process):
                self._evidence[key] = _evidence(process)
                self._settled.discard(key)
                has_changed = True
        if len(seen) != len(snapshot.processes):
            has_changed = True
            for key in seen.keys() - snapshot.processes.keys():
                del seen[key], self._evidence[key]
                self._dotnet.pop(key, None)
                self._settled.discard(key)
        return has_changed

    def _ask_dotnet(self, snapshot: Snapshot) -> bool:
        has_changed = False
        for key, process in snapshot.processes.items():
            if key in self._settled:
                continue
            answer = self._is_dotnet(process)
            if answer or (answer is False and snapshot.age_seconds(process) > YOUNG_SECONDS):
                self._settled.add(key)
            if key not in self._dotnet or self._dotnet[key] != answer:
                self._dotnet[key] = answer
                has_changed = True
        return has_changed

    def _interpreted(self, snapshot: Snapshot) -> dict[ProcessKey, Meaning]:
        lineage = Lineage(snapshot.processes)
        standings = settle(lineage, self._evidence)
        self._attribution.attribute(standings, self._evidence, snapshot.monotonic)
        own = own_family(lineage, self._own_pid)
        return {key: self._meaning(standing, key in own) for key, standing in standings.items()}

    def _meaning(self, standing: Standing, is_own: bool) -> Meaning:
        process, finding = standing.process, standing.finding
        key, role = process.key, finding.role
        dotnet = self._dotnet.get(key)
        if role is Role.NONE:
            return _stranger(finding.reason, dotnet, is_own)
        evidence = self._evidence[key]
        belonging = self._attribution.belonging(key)
        return Meaning(
            role=role.value,
            label=LABELS[role],
            reason=finding.reason,
            task=belonging.task,
            instance=belonging.instance,
            version=calamari_version(role, process.executable, commandline.words(process.argv, process.executable)),
            command=finding.command,
            work_directory="" if role in _SERVICES else belonging.work_directory,
            is_orphan=standing.is_orphan,
            is_own=is_own,
            dotnet=expected_dotnet(role, evidence.program) if dotnet is None else dotnet,
        )


_STRANGERS = {
    (dotnet, is_own): Meaning(dotnet=dotnet, is_own=is_own)
    for dotnet in (True, False, None)
    for is_own in (True, False)
}


def _stranger(reason: str, dotnet: bool | None, is_own: bool) -> Meaning:
    if reason:
        return Meaning(reason=reason, dotnet=dotnet, is_own=is_own)
    return _STRANGERS[dotnet, is_own]


def _evidence(process: ProcessInfo) -> Evidence:
    finding = classify(process)
    program = commandline.program(process.executable, commandline.words(process.argv, process.executable), process.name)
    return Evidence(finding, program, first_work_directory((*process.argv, process.cwd)))


def _is_alike(before: ProcessInfo, now: ProcessInfo) -> bool:
    """Whether two readings of a process lead to the same meaning: all that exec, chdir and adoption change."""
    return (
        before.argv == now.argv
        and before.parent_pid == now.parent_pid
        and before.executable == now.executable
        and before.cwd == now.cwd
        and before.name == now.name
        and before.cgroup == now.cgroup
    )
