"""Why each backend that could have been chosen for a step was not: said only where a person could wonder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from octotui.dumps.backends.base import Availability, Backend
from octotui.dumps.backends.registry import AUTO
from octotui.dumps.model import DumpRequest, PassedOver
from octotui.dumps.plans.costs import Preferred
from octotui.dumps.plans.together import NOT_NEEDED

ONLY_IN_FULL = "could write a full dump only"


def passed_over(
    winner: Preferred,
    probes: Sequence[tuple[Backend, Availability]],
    others: Sequence[Backend],
    request: DumpRequest,
) -> Iterator[PassedOver]:
    """One for each backend but the winner; none for a tool that is not on this host. `others` were not asked for,
    which is worth a word only when another one was: "auto" means none that has to be asked for."""
    for backend, found in probes:
        if backend is winner.backend or not found.is_installed:
            continue
        reason = found.reason
        if found.ok:
            could = NOT_NEEDED if found.type is None else ONLY_IN_FULL
            reason = winner.set_aside.get(backend.name, could)
        yield PassedOver(backend.name, reason)
    if request.backend != AUTO:
        for backend in others:
            yield PassedOver(backend.name, f"{winner.backend.name} was asked for")
