"""Captures at an end as jobs: no dump service makes them, and yet they are dumps like any other."""

from __future__ import annotations

from collections.abc import Sequence

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.catching.landing import BACKEND
from octotui.dumps.model import Step
from octotui.dumps.results import DumpResult, Job


class Ends:
    """Keeps them in the order in which they came, among the jobs that there were by then."""

    def __init__(self) -> None:
        self._seen = 0
        self._found: list[tuple[int, Job]] = []

    def among(self, jobs: Sequence[Job], results: Sequence[DumpResult]) -> tuple[Job, ...]:
        """`jobs` of the dump service, and those of `results`, oldest first, that were made without it."""
        for result in results[self._seen :]:
            if result.backend == BACKEND:
                self._found.append((len(jobs), _job(-1 - len(self._found), result)))
        self._seen = len(results)
        shown = list(jobs)
        for index, job in reversed(self._found):
            shown.insert(index, job)
        return tuple(shown)


def _job(number: int, result: DumpResult) -> Job:
    facts = RuntimeFacts(result.target.key, RuntimeKind.CORECLR)
    step = Step(result.target, result.backend, "its end was waited for", result.type, result.estimate, facts)
    return Job(number, step, result.outcome, result.bytes, result.seconds, result=result)
