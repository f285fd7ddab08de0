"""Asking live processes from the command line: told on stderr what goes on, ended in order by a signal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from octotui.cli import output
from octotui.cli.interruption import signals_as_event

INTERRUPTED = 130
Answer = TypeVar("Answer")


async def unless_interrupted(question: Coroutine[Any, Any, Answer]) -> Answer | None:
    """The answer; None when a signal came first. Then the question is cancelled and brought to its end, so that
    nothing of it is left in the process that it was about."""
    interrupted = asyncio.Event()
    with signals_as_event(interrupted):
        asking = asyncio.ensure_future(question)
        stopping = asyncio.ensure_future(interrupted.wait())
        await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if asking.done():
            return asking.result()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return None


class Narrator:
    """Tells a person at a terminal what is done now, on stderr; silent with `--json` and where nobody looks."""

    def __init__(self, *, as_json: bool) -> None:
        self._is_silent = as_json or not sys.stderr.isatty()
        self._last = ""

    def say(self, words: str) -> None:
        if not self._is_silent and words != self._last:
            self._last = words
            output.aside(f"{words} ...")
