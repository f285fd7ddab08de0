"""Roles that only a process's family can tell: user commands, tools, SSH sessions, containers, orphans."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from octotui.octopus import commandline
from octotui.octopus.instances import service_unit
from octotui.octopus.lineage import Lineage
from octotui.octopus.tasks import WorkDirectory, is_certain
from octotui.octopus.vocabulary import Role, RoleFinding
from octotui.processes.model import ProcessInfo, ProcessKey

_AT_WORK = frozenset(
    {
        Role.CALAMARI, Role.CALAMARI_LEGACY, Role.BOOTSTRAP, Role.USER_SCRIPT, Role.STEP_PACKAGE, Role.K8S_RUNNER,
        Role.WRAPPER,
    }
)  # fmt: skip
_SERVICES = frozenset({Role.TENTACLE, Role.SERVER})
_HOSTS_OF_TOOLS = _AT_WORK | {Role.TOOL, Role.USER_COMMAND, Role.EXEC_CONTAINER}
_BARREN = frozenset({Role.NONE, Role.OTHER_OCTOPUS})
_CAN_BE_ORPHANED = _AT_WORK | {Role.USER_COMMAND, Role.TOOL}
_INITS = frozenset({"systemd", "init", "tini", "dumb-init", "catatonit", "docker-init", "s6-svscan", "launchd"})
_SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh", "ksh", "powershell.exe", "pwsh", "pwsh.exe"})

_NOTHING = RoleFinding(Role.NONE)


class Evidence(NamedTuple):
    """What is known of one process by itself."""

    finding: RoleFinding
    program: str
    work: WorkDirectory | None


class Standing(NamedTuple):
    """The settled part a process plays; `parent` is the one it inherits from, None where it inherits nothing."""

    process: ProcessInfo
    finding: RoleFinding
    parent: ProcessKey | None
    is_orphan: bool


def settle(
    lineage: Lineage,
    evidence: Mapping[ProcessKey, Evidence],
    seeds: Iterable[ProcessKey],
    children: Mapping[int, Collection[ProcessKey]],
) -> dict[ProcessKey, Standing]:
    """The standing of every process that may play a part, parents before children; all others play none.

    `seeds` are the processes whose own evidence names a role or a work directory, `children` all keys by the pid of
    their parent. A part is played by seeds, by what is below them, and by strays of a Tentacle.
    """
    seeds = tuple(seeds)
    promoted = _ssh_families(lineage, evidence, seeds)
    service_groups = _service_groups(lineage, evidence, seeds)
    strays = [key for key in children.get(1, ()) if lineage.processes[key].cgroup in service_groups]
    members = _with_descendants((*seeds, *promoted, *strays), children)
    standings: dict[ProcessKey, Standing] = {}
    for process, parent in lineage.parents_first(members):
        key = process.key
        above = _NOTHING if parent is None or parent.key not in standings else standings[parent.key].finding
        own = evidence[key]
        finding = promoted.get(key) or own.finding
        if not finding.is_settled:
            finding = _unsettled(process, own, above, service_groups)
        if finding.role is Role.NONE:
            standings[key] = Standing(process, finding, None, is_orphan=False)
            continue
        heir = parent.key if parent is not None and above.role not in _BARREN else None
        is_orphan = finding.role in _CAN_BE_ORPHANED and _is_abandoned(process, parent, finding.role, above.role)
        standings[key] = Standing(process, finding, heir, is_orphan)
    return standings


def _with_descendants(
    keys: Iterable[ProcessKey], children: Mapping[int, Collection[ProcessKey]]
) -> dict[ProcessKey, None]:
    found = dict.fromkeys(keys)
    pending = list(found)
    while pending:
        for below in children.get(pending.pop().pid, ()):
            if below not in found:
                found[below] = None
                pending.append(below)
    return found


def own_family(lineage: Lineage, own_pid: int) -> frozenset[ProcessKey]:
    """octotui itself and the processes above it."""
    own = lineage.find(own_pid)
    if own is None:
        return frozenset()
    return frozenset((own.key, *(ancestor.key for ancestor in lineage.ancestors(own))))


def _unsettled(process: ProcessInfo, own: Evidence, above: RoleFinding, service_groups: frozenset[str]) -> RoleFinding:
    """The role of a process whose command line alone decides nothing."""
    finding, role = own.finding, own.finding.role
    if role is Role.EXEC_CONTAINER and above.role is Role.BOOTSTRAP:
        return finding
    if role in (Role.TOOL, Role.EXEC_CONTAINER) and above.role in _HOSTS_OF_TOOLS:
        return RoleFinding(Role.TOOL, finding.reason)
    if role is Role.BOOTSTRAP and (own.work or above.role in _SERVICES or above.role is Role.K8S_RUNNER):
        return finding
    if above.role not in _BARREN:
        return RoleFinding(Role.USER_COMMAND, f"started below {_named(above.role)}")
    if own.work is not None and is_certain(own.work):
        return RoleFinding(Role.USER_COMMAND, "works in the directory of a task")
    is_stray = process.parent_pid == 1 and process.cgroup in service_groups
    if is_stray:
        return RoleFinding(Role.USER_COMMAND, "lost its parent, and is in the control group of a Tentacle")
    return _NOTHING


def _named(role: Role) -> str:
    return "a user's command" if role is Role.USER_COMMAND else f"{role.value.replace('-', ' ')}"


def _is_abandoned(process: ProcessInfo, parent: ProcessInfo | None, role: Role, above: Role) -> bool:
    """Whether a process at work lost the parent that should wait for it.

    The first process of a container (`above` a Tentacle, a bootstrap or a runner) may be a rightful parent.
    """
    if process.parent_pid == 0:
        return False
    if parent is None:
        return True
    if parent.pid != 1 and commandline.basename(parent.executable or parent.name).lower() not in _INITS:
        return False
    if role is Role.BOOTSTRAP:
        return above not in _SERVICES and above is not Role.K8S_RUNNER
    return above not in _AT_WORK


def _ssh_families(
    lineage: Lineage, evidence: Mapping[ProcessKey, Evidence], seeds: Collection[ProcessKey]
) -> dict[ProcessKey, RoleFinding]:
    """SSH sessions that lead to an Octopus process, and the shells between the two.

    A session above a Tentacle or a Server is a person's, not a task's.
    """
    sessions = {key for key in seeds if evidence[key].finding.role is Role.SSH_SESSION}
    if not sessions:
        return {}
    found: dict[ProcessKey, RoleFinding] = {}
    for key in seeds:
        own = evidence[key]
        if own.finding.role not in _AT_WORK or not own.finding.is_settled:
            continue
        between: list[ProcessInfo] = []
        for ancestor in lineage.ancestors(lineage.processes[key]):
            role = evidence[ancestor.key].finding.role
            if role in _SERVICES:
                break
            if ancestor.key in sessions:
                found[ancestor.key] = evidence[ancestor.key].finding._replace(is_settled=True)
                found.update(_session_shells(between, evidence))
                break
            between.append(ancestor)
    return found


def _session_shells(
    between: Iterable[ProcessInfo], evidence: Mapping[ProcessKey, Evidence]
) -> dict[ProcessKey, RoleFinding]:
    shells = {}
    for process in between:
        own = evidence[process.key]
        if own.finding.role in (Role.NONE, Role.BOOTSTRAP) and own.program.lower() in _SHELLS:
            shells[process.key] = RoleFinding(Role.BOOTSTRAP, "shell between an SSH session and an Octopus process")
    return shells


def _service_groups(
    lineage: Lineage, evidence: Mapping[ProcessKey, Evidence], seeds: Iterable[ProcessKey]
) -> frozenset[str]:
    """The control groups of services in which a Tentacle runs: every descendant stays there, whoever adopts it."""
    return frozenset(
        lineage.processes[key].cgroup
        for key in seeds
        if evidence[key].finding.role is Role.TENTACLE
        and service_unit(lineage.processes[key].cgroup)
        and not _runs_below_a_supervisor(lineage, key)
    )


def _runs_below_a_supervisor(lineage: Lineage, key: ProcessKey) -> bool:
    """A supervisor shares its control group with everything it starts, so the group says nothing there."""
    process = lineage.processes[key]
    return any(ancestor.cgroup == process.cgroup for ancestor in lineage.ancestors(process))
