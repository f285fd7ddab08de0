"""The turns of the processes that are captured together: no stacks, counters or other captures of them meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial

from octotui.dotnet.conversations import CAPTURE, Conversations
from octotui.processes.model import ProcessKey

OnWait = Callable[[ProcessKey, str], None]


class Turns:
    """Takes all turns before the first process is touched, so that none stands still while another is waited for."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._taking: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def of(self, keys: Iterable[ProcessKey], on_wait: OnWait) -> AsyncIterator[None]:
        """The processes alone for the block; `on_wait` gets what one of them is busy with. `give_up` ends the wait,
        and the block begins without them."""
        async with contextlib.AsyncExitStack() as stack:
            self._taking = asyncio.ensure_future(self._take(sorted(keys), stack, on_wait))
            try:
                await asyncio.wait({self._taking})
            finally:
                self._taking.cancel()
                await asyncio.gather(self._taking, return_exceptions=True)
                self._taking = None
            yield

    def give_up(self) -> None:
        """Nobody needs the turns that are waited for any more."""
        if self._taking is not None:
            self._taking.cancel()

    async def _take(self, keys: Iterable[ProcessKey], stack: contextlib.AsyncExitStack, on_wait: OnWait) -> None:
        for key in keys:
            await stack.enter_async_context(self._conversations.turn(key, CAPTURE, partial(on_wait, key)))
