"""What the processes of a snapshot mean to Octopus: role, task, instance, version, and octotui's own line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from octotui.octopus import commandline
from octotui.octopus.attribution import Attribution
from octotui.octopus.expectation import calamari_version, expected_dotnet
from octotui.octopus.family import Standing, own_family, settle
from octotui.octopus.lineage import Lineage
from octotui.octopus.roles import LABELS, Role
from octotui.octopus.sightings import Sightings
from octotui.octopus.workfiles import WorkFiles
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Snapshot

YOUNG_SECONDS = 15.0
"""A process younger than this may still load its runtime, so a "no" is asked again."""

SETTLING_SECONDS = 1.0
"""A stranger younger than this is not asked yet: most that are so young are gone before anybody looks."""

_SERVICES = frozenset({Role.TENTACLE, Role.TENTACLE_CLI, Role.SERVER, Role.SERVER_CLI, Role.OTHER_OCTOPUS})


class OctopusInterpreter:
    """Says what each process of a snapshot means; one meaning for every process, and for those that passed.

    Call it from one thread at a time. `own_pid` is octotui's; `is_dotnet` answers True, False, or None while it is not
    known, and is asked again until the answer settles. Command lines, families and files are looked at only when
    something in the snapshot changed, and then only those of Octopus and of what is new.
    """

    def __init__(self, *, files: WorkFiles, own_pid: int, is_dotnet: Callable[[ProcessInfo], bool | None]) -> None:
        self._attribution = Attribution(files)
        self._own_pid = own_pid
        self._is_dotnet = is_dotnet
        self._seen = Sightings()
        self._dotnet: dict[ProcessKey, bool | None] = {}
        self._unsettled: set[ProcessKey] = set()
        self._strangers: dict[ProcessKey, Meaning] = {}
        self._members: Collection[ProcessKey] = ()
        self._meanings: Mapping[ProcessKey, Meaning] = MappingProxyType({})

    def __call__(self, snapshot: Snapshot) -> Mapping[ProcessKey, Meaning]:
        """The meaning of every process of `snapshot`; the same mapping again when nothing changed."""
        new, gone = self._seen.take(snapshot)
        for key in gone:
            del self._strangers[key]
            self._dotnet.pop(key, None)
        self._unsettled = (self._unsettled | new) - gone
        has_changed = bool(new or gone)
        has_changed |= self._ask_dotnet(snapshot)
        has_changed |= self._attribution.is_due(snapshot.monotonic)
        for key in new:
            self._note_stranger(key)
        if has_changed:
            self._meanings = MappingProxyType(self._interpreted(snapshot))
        return self._meanings

    def _ask_dotnet(self, snapshot: Snapshot) -> bool:
        has_changed = False
        for key in self._asked(snapshot):
            process = self._seen.processes[key]
            answer = self._is_dotnet(process)
            if answer or (answer is False and snapshot.age_seconds(process) > YOUNG_SECONDS):
                self._unsettled.discard(key)
            if key not in self._dotnet or self._dotnet[key] != answer:
                self._dotnet[key] = answer
                self._note_stranger(key)
                has_changed = True
        return has_changed

    def _asked(self, snapshot: Snapshot) -> list[ProcessKey]:
        """Whose runtime is to be looked for: what may be Octopus, and strangers where all processes are watched."""
        if snapshot.fresh is not None:
            return [key for key in {*self._members, *self._seen.seeds} if key in self._unsettled]
        seen = self._seen
        return [
            key
            for key in self._unsettled
            if key in seen.seeds
            or key in self._members
            or snapshot.age_seconds(seen.processes[key]) >= SETTLING_SECONDS
        ]

    def _note_stranger(self, key: ProcessKey) -> None:
        """What the process means as long as it plays no part."""
        finding = self._seen.evidence[key].finding
        reason = finding.reason if finding.is_settled else ""
        self._strangers[key] = _stranger(reason, self._dotnet.get(key), is_own=False)

    def _interpreted(self, snapshot: Snapshot) -> dict[ProcessKey, Meaning]:
        seen = self._seen
        lineage = Lineage(seen.processes, seen.keys)
        standings = settle(lineage, seen.evidence, seen.seeds, seen.children)
        self._members = standings.keys()
        self._attribution.attribute(standings, seen.evidence, snapshot.monotonic)
        own = own_family(lineage, self._own_pid)
        meanings = self._strangers.copy()
        for key in own:
            meanings[key] = replace(meanings[key], is_own=True)
        for key, standing in standings.items():
            meanings[key] = self._meaning(standing, key in own)
        return meanings

    def _meaning(self, standing: Standing, is_own: bool) -> Meaning:
        process, finding = standing.process, standing.finding
        key, role = process.key, finding.role
        dotnet = self._dotnet.get(key)
        if role is Role.NONE:
            return _stranger(finding.reason, dotnet, is_own)
        evidence = self._seen.evidence[key]
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
