"""Which processes a command is about: by pid, by role, with their descendants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from octotui.errors import NothingMatched, UsageError
from octotui.text import printable

if TYPE_CHECKING:
    from octotui.processes.model import ProcessKey, Sample


def chosen(
    sample: Sample, pids: Iterable[int], role: str | None, *, with_descendants: bool
) -> tuple[tuple[ProcessKey, ...], frozenset[ProcessKey]]:
    """The processes, each once and in the order asked for, and those of them that were named by their pid.

    Raises NothingMatched for a pid or a role that nobody has, UsageError for a role that does not exist.
    """
    named = tuple(named_process(sample, pid) for pid in dict.fromkeys(pids))
    keys = tuple(dict.fromkeys([*named, *(_with_role(sample, role) if role else ())]))
    return (_with_descendants(sample, keys) if with_descendants else keys), frozenset(named)


def named_process(sample: Sample, pid: int) -> ProcessKey:
    """The process that has this pid. Raises NothingMatched."""
    process = sample.snapshot.find(pid)
    if process is None:
        raise NothingMatched(f"no process has the pid {pid}", hint="octotui tree --all")
    return process.key


def _with_role(sample: Sample, wanted: str) -> tuple[ProcessKey, ...]:
    """Processes of the role `wanted` (`calamari` takes in `calamari-legacy`), our own family excepted."""
    from octotui.octopus.rolenames import KNOWN, roles_named

    roles = roles_named(wanted)
    if not roles:
        raise UsageError(f'there is no role "{printable(wanted, 60)}"', hint=f"roles are {', '.join(KNOWN)}")
    found = tuple(
        key for key in sample.snapshot.processes if sample.meaning(key).role in roles and not sample.meaning(key).is_own
    )
    if not found:
        raise NothingMatched(f'no process has the role "{wanted.strip().lower()}"', hint="octotui tree shows the roles")
    return found


def _with_descendants(sample: Sample, keys: tuple[ProcessKey, ...]) -> tuple[ProcessKey, ...]:
    from octotui.processes.view import forest_of

    forest = forest_of(sample)
    return tuple(dict.fromkeys(found for key in keys for found in (key, *forest.descendants(key))))
