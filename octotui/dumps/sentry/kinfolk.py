"""The line above a process, read from `/proc` at the price of what is asked: who its ancestors are, what they make it.

A parent that started after its child is none: its pid was given away, and the child belongs to nobody we know.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from octotui.dumps.sentry.glance import Glance, stat_of
from octotui.octopus import commandline
from octotui.octopus.family import Evidence, settle
from octotui.octopus.lineage import Lineage
from octotui.octopus.roles import Role, RoleFinding
from octotui.octopus.tasks import first_work_directory
from octotui.processes.model import ProcessInfo, ProcessKey

MOST_ANCESTORS = 64


def ancestors(key: ProcessKey, parent_pid: int) -> Iterator[ProcessKey]:
    """The line above a process, nearest first."""
    below, pid = key, parent_pid
    for _ in range(MOST_ANCESTORS):
        stat = stat_of(pid) if pid > 0 else None
        if stat is None or stat.started > below.started:
            return
        below = ProcessKey(pid, stat.started)
        yield below
        pid = stat.parent_pid


def is_under(key: ProcessKey, parent_pid: int, ancestor: ProcessKey) -> bool:
    """Whether `ancestor` itself, not a later holder of its pid, is above the process."""
    return any(above == ancestor for above in ancestors(key, parent_pid))


def finding_in_family(glance: Glance) -> RoleFinding:
    """The role that the process has by those above it, where its own command line settles none."""
    own = glance.finding
    if own.is_settled:
        return own
    processes = {glance.key: glance.info}
    evidence = {glance.key: _evidence(glance)}
    for key in ancestors(glance.key, glance.parent_pid):
        above = Glance.at(key.pid)
        if above is None:
            break
        with closing(above):
            if above.key != key:
                break
            processes[key], evidence[key] = above.info, _evidence(above)
    seeds = [key for key, found in evidence.items() if found.finding.role is not Role.NONE or found.work is not None]
    standing = settle(_lineage(processes), evidence, seeds, _children(processes)).get(glance.key)
    return standing.finding if standing is not None else RoleFinding(Role.NONE)


def _evidence(glance: Glance) -> Evidence:
    info = glance.info
    words = commandline.words(info.argv, info.executable)
    return Evidence(
        glance.finding, commandline.program(info.executable, words, info.name), first_work_directory(info.argv)
    )


def _lineage(processes: dict[ProcessKey, ProcessInfo]) -> Lineage:
    return Lineage(processes, {key.pid: key for key in processes})


def _children(processes: dict[ProcessKey, ProcessInfo]) -> dict[int, list[ProcessKey]]:
    found: dict[int, list[ProcessKey]] = {}
    for key, process in processes.items():
        found.setdefault(process.parent_pid, []).append(key)
    return found
