"""The doctor's lines on a screen: in groups, wrapped at its width, commands whole so that they can be pasted."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from threading import Event, Timer

from octotui.cli import output
from octotui.cli.doctor.check import Check, Status

PATIENCE_SECONDS = 1.0
LONGEST_TITLE = 18
_STATUS_WIDTH = max(len(status.value) for status in Status)


def lines(checks: Sequence[Check], width: int = 0) -> Iterator[str]:
    """Each group under its name. `width` 0 wraps nothing: a script's log has no width."""
    title_width = min(LONGEST_TITLE, max((len(check.title) for check in checks), default=0))
    for group, members in groupby(checks, key=lambda check: check.group):
        if group:
            yield f"{group}:"
        for check in members:
            yield from _line(check, title_width, width)


def _line(check: Check, title_width: int, width: int) -> Iterator[str]:
    head = f"  {check.status.value:<{_STATUS_WIDTH}}  {check.title:<{title_width}}  "
    indent = " " * (2 + _STATUS_WIDTH + 2 + title_width + 2)
    yield from _wrapped(check.detail, head, indent, width)
    if check.fix:
        mark = "    fix: " if check.is_command else "    next: "
        if check.is_command:
            yield mark + check.fix
        else:
            yield from _wrapped(check.fix, mark, " " * len(mark), width)


def _wrapped(text: str, head: str, indent: str, width: int) -> Iterator[str]:
    if not width:
        yield f"{head}{text}".rstrip()
        return
    room = max(width, len(indent) + 20)
    found = textwrap.wrap(
        text, room, initial_indent=head, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    yield from found or [head.rstrip()]


def show(checks: Sequence[Check]) -> None:
    """Writes them to stdout."""
    width = shutil.get_terminal_size().columns if output.has_terminal() else 0
    for text in lines(checks, width):
        output.line(text)


@contextmanager
def patience(words: str) -> Iterator[None]:
    """Says on a terminal what is being waited for once it takes more than a second, and takes it away afterwards."""
    if not (output.shows_progress() and sys.stderr.isatty()):
        yield
        return
    shown = Event()

    def say() -> None:
        shown.set()
        print(f"{words} ...", end="", file=sys.stderr, flush=True)

    timer = Timer(PATIENCE_SECONDS, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if shown.is_set():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
