"""Who may be shown: the members of a scope in one sample, and which of them a filter leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from octotui.processes.filters import NO_ROLE, Filter
from octotui.processes.forest import Forest
from octotui.processes.kinship import Kinship, forest_of
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample
from octotui.processes.state import Scope, ViewState
from octotui.processes.terms import Facts

_NOBODY = ("", NO_ROLE)


@dataclass(frozen=True, eq=False)
class Members:
    """The processes of a scope, in no order, and a forest that holds them and all their ancestors.

    `tops` are the roots of what is shown, in start order. `keys` are the forest's own when it holds nobody else.
    """

    keys: Collection[ProcessKey]
    forest: Forest
    tops: tuple[ProcessKey, ...]


NO_MEMBERS = Members((), Forest(), ())


def octopus_keys(sample: Sample) -> list[ProcessKey]:
    """The processes, living or ghosts, that have a role."""
    alive = sample.snapshot.processes
    found = [key for key, meaning in sample.meanings.items() if meaning.role not in _NOBODY and key in alive]
    found.extend(key for key, ghost in sample.ghosts.items() if sample.meaning(key).role not in _NOBODY)
    return found


def members(sample: Sample, state: ViewState) -> Members:
    """Who belongs to the scope and subtree of `state`. Of a large host only the branches of members are looked at."""
    if state.scope is Scope.EVERYTHING:
        forest = forest_of(sample, show_kernel=state.show_kernel)
        if state.subtree is None:
            return Members(forest, forest, forest.roots)
        top = Kinship(sample, show_kernel=state.show_kernel).holder(state.subtree)
        return NO_MEMBERS if top is None else Members((top, *forest.descendants(top)), forest, (top,))
    kinship = Kinship(sample)
    keys = octopus_keys(sample) if state.scope is Scope.OCTOPUS else _dotnet_keys(sample)
    keys = [key for key in keys if kinship.process(key) is not None]
    if state.subtree is None:
        forest = kinship.forest(keys)
        return Members(keys, forest, forest.roots)
    top = kinship.holder(state.subtree)
    if top is None:
        return NO_MEMBERS
    forest = kinship.forest((*keys, top))
    below = {top, *forest.descendants(top)}
    return Members([key for key in keys if key in below], forest, (top,))


def _dotnet_keys(sample: Sample) -> list[ProcessKey]:
    alive = sample.snapshot.processes
    found = [key for key, meaning in sample.meanings.items() if meaning.dotnet is True and key in alive]
    found.extend(key for key in sample.ghosts if sample.meaning(key).dotnet is True)
    return found


@dataclass
class Matcher:
    """Asks a filter of processes sample after sample, and again only where the answer may have changed."""

    filter: Filter
    _answers: dict[ProcessKey, tuple[ProcessInfo, Meaning, bool]] = field(default_factory=dict)

    def matched(self, sample: Sample, keys: Iterable[ProcessKey]) -> frozenset[ProcessKey]:
        known, answers = self._answers, dict[ProcessKey, tuple[ProcessInfo, Meaning, bool]]()
        changes = self.filter.has_figures
        for key in keys:
            process, meaning = sample.process(key), sample.meaning(key)
            if process is None:
                continue
            before = known.get(key)
            if changes or before is None or not _reads_alike(before, process, meaning):
                before = (process, meaning, self.filter.matches(process, meaning, facts_of(sample, process)))
            answers[key] = before
        self._answers = answers
        return frozenset(key for key, answer in answers.items() if answer[2])


def _reads_alike(before: tuple[ProcessInfo, Meaning, bool], process: ProcessInfo, meaning: Meaning) -> bool:
    known = before[0]
    if known is not process and (
        known.argv != process.argv or known.name != process.name or known.executable != process.executable
        or known.user != process.user
    ):  # fmt: skip
        return False
    return before[1] is meaning or before[1] == meaning


def facts_of(sample: Sample, process: ProcessInfo) -> Facts:
    return Facts(sample.cpu_percent.get(process.key), sample.snapshot.age_seconds(process))


def family(members: Members, matched: Collection[ProcessKey], *, matches_only: bool) -> list[ProcessKey]:
    """The members that match or, unless `matches_only`, are below one that does."""
    if matches_only:
        return list(matched)
    found: set[ProcessKey | None] = set(matched)
    for key in members.forest if found else ():
        if members.forest.parent(key) in found:
            found.add(key)
    return [key for key in members.keys if key in found]
