"""How far a long read is, on stderr and on a terminal only, so that stdout may carry the dump itself."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from octotui.cli import output
from octotui.cli.terminal import shows_unicode
from octotui.text import ascii_only, printable

LEAST_BYTES = 32 << 20
"""Less is read before anybody could look."""


@contextlib.contextmanager
def meter(title: str, total: int, *, is_quiet: bool) -> Iterator[Callable[[int], None]]:
    """Hands out what is to be told how many bytes of `total` are done."""
    if is_quiet or total < LEAST_BYTES or not _has_terminal():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    unicode = shows_unicode()
    shown = printable(title, 100)
    columns = [TextColumn("{task.description}", markup=False), *([BarColumn(bar_width=24)] if unicode else [])]
    console = Console(file=sys.stderr, highlight=False)
    with Progress(*columns, DownloadColumn(), TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task(shown if unicode else ascii_only(shown), total=total)
        yield lambda done: progress.update(task, completed=done)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP interrupt as Ctrl+C does, so that what was begun is taken back in order."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    try:
        is_tty = sys.stderr.isatty()
    except ValueError:
        return False
    return is_tty and os.environ.get("TERM", "") not in ("", "dumb") and not output.in_script_step()
