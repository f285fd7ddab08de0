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
    """A conversation that goes on. `wanted` is set while somebody else waits: a long one gives way then."""

    what: str
    wanted: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Place:
    """Somebody who waits: `come` is his once all before him are through."""

    turn: Turn
    on_wait: OnWait | None
    come: asyncio.Future[None]


@dataclass(slots=True)
class _Line:
    turn: Turn
    waiting: deque[_Place] = field(default_factory=deque)


class Conversations:
    """Who talks with which process. Used on one event loop; first come, first served.

    Whoever waits for one turn while he has another must wait for none that can be had only after his own.
    """

    def __init__(self) -> None:
        self._lines: dict[ProcessKey, _Line] = {}

    def busy_with(self, key: ProcessKey) -> str:
        """What goes on with the process, in words; "" when nothing does."""
        line = self._lines.get(key)
        return line.turn.what if line else ""

    @contextlib.asynccontextmanager
    async def turn(self, key: ProcessKey, what: str, on_wait: OnWait | None = None) -> AsyncIterator[Turn]:
        """The process alone for the block. `on_wait` gets a sentence whenever somebody else has it."""
        turn = Turn(what)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(turn)
        else:
            place = _Place(turn, on_wait, asyncio.get_running_loop().create_future())
            await self._wait(key, line, place)
        try:
            yield turn
        finally:
            self._pass_on(key, line)

    async def _wait(self, key: ProcessKey, line: _Line, place: _Place) -> None:
        line.waiting.append(place)
        line.turn.wanted.set()
        try:
            _tell(key, line, place)
            await place.come
        except BaseException:
            if line.turn is place.turn:
                self._pass_on(key, line)
            else:
                with contextlib.suppress(ValueError):
                    line.waiting.remove(place)
                if not line.waiting:
                    line.turn.wanted.clear()
            raise

    def _pass_on(self, key: ProcessKey, line: _Line) -> None:
        """The next one has the process from now on, before he runs: nobody comes in between."""
        while line.waiting:
            place = line.waiting.popleft()
            if place.come.done():
                # Cancelled, and not yet run since.
                continue
            line.turn = place.turn
            place.come.set_result(None)
            if line.waiting:
                line.turn.wanted.set()
            for other in line.waiting:
                _tell(key, line, other)
            return
        del self._lines[key]


def _tell(key: ProcessKey, line: _Line, place: _Place) -> None:
    if place.on_wait is not None:
        place.on_wait(f"waits for {line.turn.what} of process {key.pid} to end")
