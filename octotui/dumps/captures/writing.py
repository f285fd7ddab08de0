"""The writing of one dump: by the backend of its step or one that may stand in, and never beyond what it may take."""

from __future__ import annotations

from collections.abc import Sequence

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends.base import Capture
from octotui.dumps.captures.overrun import allowed_bytes, bounded
from octotui.dumps.captures.workplace import Workplace, Workshop
from octotui.dumps.estimating.estimates import estimated_bytes
from octotui.dumps.model import Medium, Step
from octotui.dumps.staged.shared_memory import outgrown
from octotui.errors import CaptureFailed, Refused

TOO_MUCH = frozenset({"disk-full", "overrun"})


async def write_dump(
    capture: Capture, step: Step, fallbacks: Sequence[str], workshop: Workshop, place: Workplace
) -> str:
    """Has the dump written and returns the backend that did it: a socket that stays silent has a stand-in.

    Raises what the backends raise; CaptureFailed `overrun` for a writer without end, `memory-full` for one that
    outgrew its place in memory.
    """
    allowed = allowed_bytes(max(step.estimate.bytes, estimated_bytes(capture.facts, step.type)), place.medium)
    backends = [step.backend, *fallbacks]
    for name in backends:
        try:
            await bounded(workshop.backends[name].run(capture), place.staging.descriptor, allowed)
            return name
        except CaptureFailed as error:
            if error.code in TOO_MUCH and place.medium is Medium.MEMORY:
                raise outgrown(capture.facts.key.pid) from error
            following = backends[backends.index(name) + 1 :]
            if error.code != "socket-silent" or not following:
                raise
            check_backend(workshop, step, following[0], capture.facts)
    raise CaptureFailed("no backend captured it")


def check_backend(workshop: Workshop, step: Step, name: str, facts: RuntimeFacts) -> None:
    """Raises Refused when the backend `name` cannot capture the target of `step` any more."""
    available = workshop.backends[name].probe(facts, step.type)
    if not available.ok:
        raise Refused(
            f"{name} cannot capture process {facts.key.pid} any more: {available.reason}",
            hint=available.hint or "plan again: another backend may do",
            code="backend",
        )
