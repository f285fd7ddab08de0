"""A view that stands still while sampling goes on, and what came and went meanwhile."""

from __future__ import annotations

from octotui.processes.membership import octopus_keys
from octotui.processes.model import ProcessKey, Sample
from octotui.processes.state import Scope, ViewState


class Freeze:
    """Counts the processes of a scope that came and went since a sample; one that did both counts as both."""

    def __init__(self, sample: Sample, state: ViewState) -> None:
        self._sample = sample
        self._scope = state.scope
        self._structure = sample.structure
        self._before = self._living(sample)
        self._last = self._before
        self._new: set[ProcessKey] = set()
        self._gone: set[ProcessKey] = set()
        self.seconds = 0.0

    def take(self, sample: Sample) -> None:
        """Count in what a newer sample holds."""
        living = self._last if sample.structure == self._structure else self._living(sample)
        self._structure = sample.structure
        self.seconds = max(0.0, sample.snapshot.monotonic - self._sample.snapshot.monotonic)
        self._new |= living - self._before
        self._gone |= self._last - living
        self._gone -= living
        self._last = living

    @property
    def words(self) -> str:
        """For the status line: `frozen 12 s · 3 new · 1 gone`."""
        return f"frozen {self.seconds:.0f} s · {len(self._new)} new · {len(self._gone)} gone"

    @property
    def account(self) -> str:
        """For the end: what came and went meanwhile, in words."""
        if not self._new and not self._gone:
            return "nothing came or went meanwhile"
        return f"{len(self._new)} came and {len(self._gone)} went meanwhile"

    def _living(self, sample: Sample) -> frozenset[ProcessKey]:
        alive = sample.snapshot.processes
        match self._scope:
            case Scope.OCTOPUS:
                return frozenset(key for key in octopus_keys(sample) if key in alive)
            case Scope.DOTNET:
                return frozenset(key for key, meaning in sample.meanings.items() if meaning.dotnet and key in alive)
        return frozenset(key for key, process in alive.items() if not process.is_kernel)
