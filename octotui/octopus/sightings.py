"""The processes that were seen, kept from snapshot to snapshot: what each shows by itself, and who is below whom."""

from __future__ import annotations

from octotui.octopus import commandline
from octotui.octopus.family import Evidence
from octotui.octopus.roles import Role, classify
from octotui.octopus.tasks import first_work_directory
from octotui.processes.model import ProcessInfo, ProcessKey, Snapshot


class Sightings:
    """Takes in one snapshot after the other, at the price of what changed where the source counted that.

    `seeds` are the keys whose own evidence names a role or a work directory; `children` has all keys by the pid of
    their parent, and `keys` the key of each pid.
    """

    def __init__(self) -> None:
        self.processes: dict[ProcessKey, ProcessInfo] = {}
        self.keys: dict[int, ProcessKey] = {}
        self.evidence: dict[ProcessKey, Evidence] = {}
        self.seeds: dict[ProcessKey, None] = {}
        self.children: dict[int, dict[ProcessKey, None]] = {}
        self._number = 0
        self._passing: tuple[ProcessKey, ...] = ()

    def take(self, snapshot: Snapshot) -> tuple[set[ProcessKey], set[ProcessKey]]:
        """Go on with a newer snapshot; the keys that are new or another program now, and those that are gone."""
        new, gone = set[ProcessKey](), set(self._passing)
        changes = snapshot.changes
        if changes is not None and changes.since == self._number:
            gone |= changes.exited
            suspects = [snapshot.processes[key] for key in (*changes.arrived, *changes.changed)]
        else:
            gone |= self.processes.keys() - snapshot.processes.keys()
            suspects = [
                process for key, process in snapshot.processes.items() if self.processes.get(key) is not process
            ]
        self._number = snapshot.number
        self._passing = tuple(process.key for process in snapshot.passed)
        for key in gone:
            self._forget(key)
        for process in (*snapshot.passed, *suspects):
            before = self.processes.get(process.key)
            if before is None or not before.is_alike(process):
                new.add(process.key)
                self._note(process, before)
            else:
                self.processes[process.key] = process
        return new, gone - new

    def _note(self, process: ProcessInfo, before: ProcessInfo | None) -> None:
        key = process.key
        if before is not None and before.parent_pid != process.parent_pid:
            self._take_from_parent(before)
        self.processes[key] = process
        holder = self.keys.get(key.pid)
        if holder is None or holder.started <= key.started:
            self.keys[key.pid] = key
        self.children.setdefault(process.parent_pid, {})[key] = None
        found = self.evidence[key] = _evidence(process)
        if found.finding.role is not Role.NONE or found.work is not None:
            self.seeds[key] = None
        else:
            self.seeds.pop(key, None)

    def _forget(self, key: ProcessKey) -> None:
        self._take_from_parent(self.processes.pop(key))
        if self.keys.get(key.pid) == key:
            del self.keys[key.pid]
        del self.evidence[key]
        self.seeds.pop(key, None)

    def _take_from_parent(self, process: ProcessInfo) -> None:
        siblings = self.children.get(process.parent_pid)
        if siblings is not None:
            siblings.pop(process.key, None)
            if not siblings:
                del self.children[process.parent_pid]


def _evidence(process: ProcessInfo) -> Evidence:
    finding = classify(process)
    program = commandline.program(process.executable, commandline.words(process.argv, process.executable), process.name)
    return Evidence(finding, program, first_work_directory((*process.argv, process.cwd)))
