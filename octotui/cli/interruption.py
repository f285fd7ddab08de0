"""A person who interrupts: signals as an event, so that what was begun ends in order; and the questions to a person."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import click

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def confirmed(question: str) -> bool:
    """The answer of a person; Ctrl-C aborts at once, where asyncio would wait for the answer first."""
    of_asyncio = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return click.confirm(question, default=False)
    finally:
        signal.signal(signal.SIGINT, of_asyncio)


@contextlib.contextmanager
def signals_as_event(event: asyncio.Event) -> Iterator[None]:
    """Inside, SIGINT, SIGTERM and SIGHUP set `event` and do nothing else: what was begun ends in order.

    One that octotui was started to ignore (nohup, a job in the background) stays ignored.
    """
    loop = asyncio.get_running_loop()
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        loop.add_signal_handler(number, event.set)
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
