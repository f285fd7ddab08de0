"""One conversation with a process at a time: whoever comes later waits, and is told for what."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from octotui.processes.model import ProcessKey

CAPTURE = "a capture"
STACKS = "stacks"
COUNTERS = "counters"
HEAP = "a heap histogram"

OnWait = Callable[[str], None]


@dataclass(slots=True)
class Turn:
    """A conversation that goes on. `wanted` is set once somebody else waits: a long one should end soon then."""

    what: str
    wanted: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Line:
    turn: Turn
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Conversations:
    """Who talks with which process. Used on one event loop; first come, first served."""

    def __init__(self) -> None:
        self._lines: dict[ProcessKey, _Line] = {}

    def busy_with(self, key: ProcessKey) -> str:
        """What goes on with the process, in words; "" when nothing does."""
        line = self._lines.get(key)
        return line.turn.what if line else ""

    @contextlib.asynccontextmanager
    async def turn(self, key: ProcessKey, what: str, on_wait: OnWait | None = None) -> AsyncIterator[Turn]:
        """The process alone for the block. `on_wait` gets a sentence when somebody else has it."""
        turn = Turn(what)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(turn)
        else:
            await self._wait(key, line, on_wait)
            line.turn = turn
            if line.waiting:
                turn.wanted.set()
        try:
            yield turn
        finally:
            self._pass_on(key, line)

    async def _wait(self, key: ProcessKey, line: _Line, on_wait: OnWait | None) -> None:
        line.turn.wanted.set()
        if on_wait is not None:
            on_wait(f"waits for {line.turn.what} of process {key.pid} to end")
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._pass_on(key, line)
            else:
                line.waiting.remove(place)
            raise

    def _pass_on(self, key: ProcessKey, line: _Line) -> None:
        while line.waiting:
            place = line.waiting.popleft()
            if not place.done():
                # The line stays, so that nobody comes in between before the one who waited runs.
                place.set_result(None)
                return
        del self._lines[key]
