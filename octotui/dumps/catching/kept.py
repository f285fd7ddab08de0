"""The results of all that rules ordered, for as long as the watch lives."""

from __future__ import annotations

from collections.abc import Callable

from octotui.dumps.results import AnalysisResult, DumpResult
from octotui.processes.model import ProcessKey

MOST_FAILED = 200
"""Of each kind; a host without room refuses and fails for as long as a rule is armed. The rule itself counts all."""


class Kept:
    """Dumps and looks, oldest first. Of those that gave no file only the first ones are kept.

    `changed` is called upon each.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._dumps: dict[tuple[ProcessKey, str], DumpResult] = {}
        self._looks: list[AnalysisResult] = []
        self._without_dump = 0
        self._without_stacks = 0

    @property
    def dumps(self) -> tuple[DumpResult, ...]:
        return tuple(self._dumps.values())

    @property
    def looks(self) -> tuple[AnalysisResult, ...]:
        return tuple(self._looks)

    def dump(self, result: DumpResult) -> None:
        """A result, or the same with its digest."""
        if result.path is None:
            if self._without_dump >= MOST_FAILED:
                return
            self._without_dump += 1
        self._dumps[result.target.key, str(result.path or len(self._dumps))] = result
        self._changed()

    def analysis(self, result: AnalysisResult) -> None:
        """How a look came out."""
        if result.text is None:
            if self._without_stacks >= MOST_FAILED:
                return
            self._without_stacks += 1
        self._looks.append(result)
        self._changed()
