"""The one moment at which the captures of a plan begin: all are ready, all targets stand still, then all write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from octotui.dumps.targets.holding import Hold
from octotui.dumps.targets.waiting import in_thread
from octotui.errors import CaptureFailed, OctotuiError
from octotui.processes.model import ProcessKey


class Moment:
    """Where captures wait for each other. Used on one event loop.

    Each member either arrives (`begun`, `reached`) once it has nothing left to do but to write, or leaves with `left`.
    With the last one, those of `held` that arrived are stopped, and everybody who waits goes on. A target is let go by
    `left`, all of them by `aclose`.
    """

    def __init__(
        self,
        members: Iterable[ProcessKey],
        held: Iterable[ProcessKey],
        limit_seconds: float,
        make_hold: Callable[[float], Hold] = Hold,
    ) -> None:
        self._awaited = set(members)
        self._held = tuple(dict.fromkeys(held))
        self._arrived: set[ProcessKey] = set()
        self._hold = make_hold(limit_seconds)
        self._has_come: asyncio.Event = asyncio.Event()
        self._failure: OctotuiError | OSError | None = None
        self._beginning: asyncio.Task[None] | None = None

    def holds(self, key: ProcessKey) -> bool:
        """Whether this target is to be stopped, rather than stop by itself when its capture begins."""
        return key in self._held

    @asynccontextmanager
    async def begun(self, key: ProcessKey) -> AsyncIterator[None]:
        """Inside, the moment has come; at the end the target runs on. As `reached` and `left`, with a word on failures.

        Raises CaptureFailed (`process-gone`) for one that failed because its target ended while it was held.
        """
        try:
            await self.reached(key)
            yield
        except OctotuiError as error:
            if self.left(key):
                raise
            raise CaptureFailed(
                f"process {key.pid} ended while it was held for its capture",
                hint="its log, or the one who ended it, knows why",
                code="process-gone",
            ) from error
        finally:
            self.left(key)

    async def reached(self, key: ProcessKey) -> None:
        """Waits for the moment. Raises CaptureFailed when what should be held cannot be held: nothing is, then."""
        self._arrived.add(key)
        self._gone_from_the_awaited(key)
        await self._has_come.wait()
        if self._failure is not None and key in self._held:
            raise self._failure

    def left(self, key: ProcessKey) -> bool:
        """Lets the target run on, at once; may be called twice. False when it ended while it was held."""
        self._arrived.discard(key)
        is_alive = self._hold.release(key)
        self._gone_from_the_awaited(key)
        return is_alive

    def held_seconds(self, key: ProcessKey) -> float:
        """For how long octotui held this target, once it was let go; 0 for one that it did not hold."""
        return self._hold.seconds(key)

    async def aclose(self) -> None:
        """Everything runs again, and the watchdog is gone."""
        if self._beginning is not None:
            await asyncio.wait({self._beginning})
        await in_thread(self._hold.close)

    def _gone_from_the_awaited(self, key: ProcessKey) -> None:
        self._awaited.discard(key)
        if not self._awaited and self._beginning is None:
            self._beginning = asyncio.get_running_loop().create_task(self._begin(), name="octotui-moment")

    async def _begin(self) -> None:
        try:
            await in_thread(self._stop_all)
        except (OctotuiError, OSError) as error:
            self._failure = error
        finally:
            self._has_come.set()

    def _stop_all(self) -> None:
        keys = [key for key in self._held if key in self._arrived]
        if keys:
            self._hold.start()
            self._hold.hold(keys)
