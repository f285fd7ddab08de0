"""Who may be shown: the members of a scope in one sample, and which of them a filter leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from octotui.processes.filters import NO_FILTER, NO_ROLE, Filter, Subject
from octotui.processes.forest import Forest
from octotui.processes.kinship import Kinship, forest_of
from octotui.processes.model import ProcessInfo, ProcessKey, Sample
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

    def keys_in_any_order(self) -> Collection[ProcessKey]:
        """`keys`, without the walk that puts those of a whole forest in order."""
        return self.forest.all_children() if self.keys is self.forest else self.keys


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


class Matcher:
    """Asks a filter of processes sample after sample, and again only where the answer may have changed.

    What words are looked for in is kept from one filter to the next, since a person types one letter after the other.
    """

    def __init__(self) -> None:
        self._filter = NO_FILTER
        self._subjects: dict[ProcessKey, Subject] = {}
        self._answers: dict[ProcessKey, bool] = {}

    def matched(self, wanted: Filter, sample: Sample, keys: Iterable[ProcessKey]) -> frozenset[ProcessKey]:
        if wanted is not self._filter:
            self._filter, self._answers = wanted, {}
        subjects, answers = self._renewed(sample, keys), self._answers
        if wanted.has_figures:
            for subject in subjects.values():
                subject.facts = facts_of(sample, subject.process)
            answers = {}
        accepts = wanted.accepts
        self._answers = {
            key: accepts(subject) if (answer := answers.get(key)) is None else answer
            for key, subject in subjects.items()
        }
        return frozenset(key for key, answer in self._answers.items() if answer)

    def _renewed(self, sample: Sample, keys: Iterable[ProcessKey]) -> dict[ProcessKey, Subject]:
        """A subject for each of `keys` that is there; the answer of one that reads otherwise than before is dropped."""
        known, found = self._subjects, dict[ProcessKey, Subject]()
        alive, meaning_of = sample.snapshot.processes, sample.meaning
        for key in keys:
            process = alive.get(key) or sample.process(key)
            if process is None:
                continue
            meaning, subject = meaning_of(key), known.get(key)
            if subject is not None and subject.reads_alike(process, meaning):
                subject.process = process
            else:
                subject = Subject(process, meaning)
                self._answers.pop(key, None)
            found[key] = subject
        self._subjects = found
        return found


def facts_of(sample: Sample, process: ProcessInfo) -> Facts:
    return Facts(sample.cpu_percent.get(process.key), sample.snapshot.age_seconds(process))


def family(members: Members, matched: Collection[ProcessKey], *, matches_only: bool) -> Collection[ProcessKey]:
    """The members that match or, unless `matches_only`, are below one that does."""
    if matches_only:
        return matched
    found, pending = set(matched), list(matched)
    children = members.forest.all_children()
    while pending:
        below = [child for child in children.get(pending.pop(), ()) if child not in found]
        found.update(below)
        pending += below
    return found if members.keys is members.forest else found.intersection(members.keys)
