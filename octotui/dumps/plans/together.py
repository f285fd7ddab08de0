"""What it means for a step that its plan is captured together: by which backend, and whether its target is held."""

from __future__ import annotations

from collections.abc import Sequence

from octotui.dumps.backends.base import Backend
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.backends.ipc import IpcBackend
from octotui.dumps.backends.registry import AUTO
from octotui.dumps.model import DumpRequest, Order, Remark, Severity, Step

NOT_NEEDED = "could do it too, but is not needed"
"""Why a backend is passed over that could have done it."""

HOLDABLE = CreatedumpBackend.name
"""It captures a process that stands still already; the others need the target's runtime to answer."""

SOCKET = IpcBackend.name


def in_order(backends: Sequence[Backend], request: DumpRequest) -> tuple[Backend, ...]:
    """The backends in the order of preference: a plan to be captured together prefers the one that needs no answer."""
    if request.order is not Order.TOGETHER or request.backend != AUTO:
        return tuple(backends)
    return tuple(sorted(backends, key=lambda backend: backend.name != HOLDABLE))


def backend_for(step: Step, order: Order) -> str:
    """The backend that would capture this step in `order`, whichever order its plan was made for."""
    possible = {step.backend, *(passed.backend for passed in step.passed_over if passed.reason == NOT_NEEDED)}
    preferred = HOLDABLE if order is Order.TOGETHER else SOCKET
    return preferred if preferred in possible else step.backend


def is_held(step: Step) -> bool:
    """Whether the target of a step of a plan to be captured together is stopped before its capture begins."""
    return step.backend == HOLDABLE


def unheld_remarks(steps: Sequence[Step]) -> list[Remark]:
    """A notice for each step whose target is not held."""
    return [
        Remark(
            Severity.NOTICE,
            "not-held",
            f"{step.target.label or step.target.name} {step.target.key.pid} is captured by its own runtime, which "
            "cannot answer while it is held: it stops within about 0.2 s of the others",
            key=step.target.key,
        )
        for step in steps
        if not is_held(step)
    ]
