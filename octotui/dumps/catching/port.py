"""What the watch needs of a sentry and of who takes stacks, and the orders to the sentry: JSON objects with a `do`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from octotui.dumps.arming.rule import Rule
from octotui.processes.model import ProcessKey, Sample

Message = Mapping[str, Any]


class SentryPort(Protocol):
    """A process of its own that hears, holds and traces. What it tells ends when it has ended.

    `ready` is the first that it said: `events`, `reason`, `polling_ms`.
    """

    @property
    def ready(self) -> Message: ...

    def send(self, order: Message) -> None:
        """Never blocks and never raises; an order to a sentry that is gone is lost."""
        ...

    def news(self) -> AsyncIterator[Message]: ...

    async def aclose(self) -> None:
        """Lets everything go and ends it. May be called twice."""
        ...


StartSentry = Callable[[], Awaitable[SentryPort]]
"""Raises OctotuiError when it cannot be started."""


class WrittenAnalysis(Protocol):
    """The files of an analysis: the same for people and for tools."""

    @property
    def text(self) -> Path: ...

    @property
    def document(self) -> Path: ...


class TakeAnalysis(Protocol):
    """Looks at the stacks of one process of the sample and writes them into `directory` (None: where they are kept).

    `on_step` gets a sentence about what it waits for or does. Raises OctotuiError, also when there are no stacks to
    write; OSError when the files cannot be written. Ends within some seconds, whatever the process does.
    """

    def __call__(
        self, sample: Sample, key: ProcessKey, directory: Path | None, on_step: Callable[[str], None]
    ) -> Awaitable[WrittenAnalysis]: ...


def key_of(message: Message) -> ProcessKey:
    """The process that a message is about; pid 0 for none."""
    return ProcessKey(int(message.get("pid") or 0), int(message.get("started") or 0))


def arm_order(rule_id: int, rule: Rule, trace: Message | None, *, hold: bool) -> Message:
    """To catch new processes for a rule; `trace` and `hold` are for the moment they start."""
    whom = rule.whom
    return {
        "do": "arm",
        "id": rule_id,
        "whom": {
            "role": whom.role,
            "filter": whom.filter,
            "name": whom.name,
            "under": list(whom.under) if whom.under else None,
            "key": list(whom.key) if whom.key else None,
        },
        "hold": hold,
        "hold_seconds": rule.hold_seconds,
        "hold_services": rule.hold_services,
        "at_exit": trace is not None,
        "any_status": rule.any_status,
        "count": rule.count,
        "trace": trace,
        "want_ready": True,
    }


def about(do: str, key: ProcessKey, **more: object) -> Message:
    """An order about one process."""
    return {"do": do, "pid": key.pid, "started": key.started, **more}
