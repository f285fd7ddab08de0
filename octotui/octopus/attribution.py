"""Which task, work directory and instance each Octopus process belongs to: its own words first, then its family's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from octotui.octopus import commandline, instances
from octotui.octopus.family import Evidence, Standing
from octotui.octopus.instances import RegisteredInstance
from octotui.octopus.tasks import task_in_log, task_of_command, task_of_ticket
from octotui.octopus.vocabulary import Role
from octotui.octopus.workfiles import WorkFiles
from octotui.processes.model import ProcessInfo, ProcessKey

LOG_RETRY_SECONDS = 3.0
"""How long a task log that named no task is left alone before it is read again."""
LOG_PATIENCE_SECONDS = 120.0
"""How long a task log may stay silent before it is given up."""
REGISTRY_SECONDS = 60.0
"""How long the instance registry is taken as read."""

_SERVICES = frozenset({Role.TENTACLE, Role.TENTACLE_CLI, Role.SERVER, Role.SERVER_CLI})
_ALWAYS_RUN = frozenset({Role.TENTACLE, Role.SERVER})


class Belonging(NamedTuple):
    """Where a process belongs; empty strings where that is not known."""

    task: str = ""
    instance: str = ""
    work_directory: str = ""


class _SilentLog(NamedTuple):
    """A task log that named no task so far."""

    first_read: float
    last_read: float


class Attribution:
    """Tasks and instances of the processes of a snapshot, with what the host's files said remembered."""

    def __init__(self, files: WorkFiles) -> None:
        self._files = files
        self._tasks: dict[str, str] = {}
        self._silent: dict[str, _SilentLog] = {}
        self._registered: tuple[RegisteredInstance, ...] = ()
        self._registry_read: float | None = None
        self._group_instances: dict[str, str] = {}
        self._belongings: dict[ProcessKey, Belonging] = {}

    def belonging(self, key: ProcessKey) -> Belonging:
        """Where a process of the last snapshot belongs."""
        return self._belongings.get(key, Belonging())

    def is_due(self, now: float) -> bool:
        """Whether a task log should be read again, although no process changed. `now` is monotonic seconds."""
        return any(_is_due(log, now) for log in self._silent.values())

    def attribute(
        self, standings: Mapping[ProcessKey, Standing], evidence: Mapping[ProcessKey, Evidence], now: float
    ) -> None:
        """Finds the task, work directory and instance of every process with a role. `standings` has parents first."""
        octopus = {key: standing for key, standing in standings.items() if standing.finding.role is not Role.NONE}
        if octopus:
            self._read_registry(now)
        works = _work_directories(octopus, evidence)
        self._learn_tasks(octopus, works, now)
        self._group_instances = self._instances_of_groups(octopus)
        self._belongings = {}
        for key, standing in octopus.items():
            above = self.belonging(standing.parent) if standing.parent is not None else Belonging()
            work = works.get(key, "")
            words = _words(standing.process)
            task = task_of_command(words) or self._tasks.get(work, "") or above.task
            is_service = standing.finding.role in _SERVICES
            instance = ("" if is_service else above.instance) or self._instance(standing, words, work)
            self._belongings[key] = Belonging(task, instance, work)

    def _learn_tasks(self, octopus: Mapping[ProcessKey, Standing], works: Mapping[ProcessKey, str], now: float) -> None:
        """The task of each work directory: by its ticket, by an option of a process in it, or by its log."""
        alive = set(works.values())
        self._tasks = {work: task for work, task in self._tasks.items() if work in alive}
        self._silent = {work: log for work, log in self._silent.items() if work in alive}
        for key, work in works.items():
            if work not in self._tasks:
                task = task_of_ticket(commandline.basename(work)) or task_of_command(_words(octopus[key].process))
                if task:
                    self._tasks[work] = task
        for work in alive - self._tasks.keys():
            self._read_log(work, now)

    def _read_log(self, work: str, now: float) -> None:
        log = self._silent.get(work)
        if log is not None and not _is_due(log, now):
            return
        task = task_in_log(self._files.log_head(work))
        if task:
            self._tasks[work] = task
            self._silent.pop(work, None)
        else:
            self._silent[work] = _SilentLog(log.first_read if log else now, now)

    def _read_registry(self, now: float) -> None:
        if self._registry_read is None or now - self._registry_read >= REGISTRY_SECONDS:
            self._registered = self._files.instances()
            self._registry_read = now

    def _instance(self, standing: Standing, words: tuple[str, ...], work: str) -> str:
        process, role = standing.process, standing.finding.role
        if role in _SERVICES:
            named = instances.instance_of_command(words, self._registered)
            if named or role not in _ALWAYS_RUN:
                return named
            by_unit = instances.instance_of_cgroup(process.cgroup, self._registered)
            return by_unit or (instances.DEFAULT_TENTACLE if role is Role.TENTACLE else instances.DEFAULT_SERVER)
        return (
            self._group_instances.get(process.cgroup, "")
            or instances.instance_of_cgroup(process.cgroup, self._registered)
            or instances.instance_of_path(work, self._registered)
            or instances.instance_of_path(process.executable, self._registered)
        )

    def _instances_of_groups(self, octopus: Mapping[ProcessKey, Standing]) -> dict[str, str]:
        """The instance of each systemd service in which a Tentacle or Server runs."""
        return {
            standing.process.cgroup: self._instance(standing, _words(standing.process), "")
            for standing in octopus.values()
            if standing.finding.role in _ALWAYS_RUN and instances.service_unit(standing.process.cgroup)
        }


def _is_due(log: _SilentLog, now: float) -> bool:
    return now - log.last_read >= LOG_RETRY_SECONDS and now - log.first_read <= LOG_PATIENCE_SECONDS


def _words(process: ProcessInfo) -> tuple[str, ...]:
    return commandline.words(process.argv, process.executable)


def _work_directories(
    octopus: Mapping[ProcessKey, Standing], evidence: Mapping[ProcessKey, Evidence]
) -> dict[ProcessKey, str]:
    """The work directory of each process that has one of its own or inherits one."""
    works: dict[ProcessKey, str] = {}
    for key, standing in octopus.items():
        own = evidence[key].work
        if standing.finding.role in _SERVICES:
            continue
        if own is not None:
            works[key] = own.path
        elif standing.parent is not None and standing.parent in works:
            works[key] = works[standing.parent]
    return works
