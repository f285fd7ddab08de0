"""Waiting that a cancellation cannot break: what touches a target or a file is always brought to its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def unbroken(future: asyncio.Future[Result], on_cancel: Callable[[], object] | None = None) -> Result:
    """The result of `future`, waited for to its end. A cancellation in between is raised afterwards.

    `on_cancel` is called when it comes, so that the work can be told to hurry.
    """
    cancellation: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError as error:
            if future.cancelled():
                raise
            cancellation = error
            if on_cancel is not None:
                on_cancel()
        except BaseException:
            if not future.done():
                raise
    if cancellation is not None:
        with contextlib.suppress(BaseException):
            future.result()
        raise cancellation
    return future.result()


async def in_thread(
    work: Callable[..., Result], *arguments: Any, on_cancel: Callable[[], object] | None = None
) -> Result:
    """`work(*arguments)` in a thread, waited for to its end whatever happens."""
    return await unbroken(asyncio.get_running_loop().run_in_executor(None, lambda: work(*arguments)), on_cancel)


async def to_its_end(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """`coroutine` as a task of its own, waited for to its end whatever happens."""
    return await unbroken(asyncio.ensure_future(coroutine))
