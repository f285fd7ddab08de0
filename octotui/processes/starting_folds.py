"""Which branches start folded: those that hold no Octopus process, once, when they are first seen."""

from __future__ import annotations

from dataclasses import replace

from octotui.processes.forest import Forest
from octotui.processes.kinship import Kinship
from octotui.processes.membership import octopus_keys
from octotui.processes.model import ProcessKey, Sample
from octotui.processes.state import Scope, ViewState


class StartingFolds:
    """Folds each new branch without an Octopus process, and opens it when one arrives in it.

    What a person opens or folds afterwards stays as it is. Roots are open, so that the first level is in sight; the
    Octopus scope, a subtree that was asked for and what a filter found start open.
    """

    def __init__(self) -> None:
        self._seen: set[ProcessKey] = set()
        self._closed: set[ProcessKey] = set()

    def applied(self, state: ViewState, sample: Sample, forest: Forest) -> ViewState:
        """`state` with the branches of `forest` that are new to this folded or left open."""
        if state.scope is Scope.OCTOPUS or state.subtree is not None or not state.filter.is_empty:
            return state
        parents = forest.parents()
        new = [key for key in parents if key not in self._seen]
        self._closed &= state.folded
        if not new and not self._closed:
            return state
        busy = Kinship(sample).with_ancestors(octopus_keys(sample))
        opened = self._closed & busy
        closed = {key for key in new if key not in busy and forest.parent(key) is not None}
        if len(self._seen) > 2 * len(forest) + 1000:
            self._seen.intersection_update(forest)
        self._seen.update(new)
        self._closed = (self._closed - opened) | closed
        if not opened and not closed:
            return state
        return replace(state, folded=(state.folded - opened) | closed)
