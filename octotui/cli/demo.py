"""`octotui demo`: a stand-in Tentacle with real .NET processes under it, and the screen on it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.arguments import named_path
from octotui.errors import OctotuiError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from octotui.demo.tree import StandInTree

_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
_LOOK_SECONDS = 2.0


class _Stopped(BaseException):
    """A signal asked for the end; not an Exception, so that nothing on the way takes it for a failure."""


@click.command("demo")
@click.option("--record", type=named_path, metavar="FILE", help="Keep what is seen in a new file, secrets masked.")
@click.option("--no-tui", is_flag=True, help="Print the pids of the tree as JSON and wait for Ctrl-C.")
def command(no_tui: bool, record: Path | None) -> int:
    """Start a stand-in Tentacle with real .NET processes under it, and the screen on it.

    Every process of the tree ends with this command, however it ends.
    """
    from octotui.cli.tui import require_terminal
    from octotui.demo.tree import StandInTree

    if no_tui and record is not None:
        raise UsageError("only the screen records", hint="leave --no-tui or --record out")
    if not no_tui:
        require_terminal()
        output.line("Starting a stand-in Tentacle and a deployment under it ...")
    try:
        # The screen meets SIGINT in its own way. A job of a script starts with SIGINT ignored, so here it is asked for.
        with _stopped_by((signal.SIGINT, *_ENDINGS) if no_tui else _ENDINGS), StandInTree() as tree:
            return _wait(tree) if no_tui else _show(tree, record)
    except _Stopped:
        return 0 if no_tui else 130


def _wait(tree: StandInTree) -> int:
    document = tree.as_json()
    document.pop("schema", None)
    output.write_json(document)
    while tree.pids():
        time.sleep(_LOOK_SECONDS)
    raise OctotuiError("the stand-in tree has ended by itself", hint="start it again: octotui demo")


def _show(tree: StandInTree, record: Path | None) -> int:
    from octotui import config, locations
    from octotui.cli.terminal import environment
    from octotui.cli.tui import open_screen

    tentacle = next((process.pid for process in tree.pids() if process.role == "tentacle-service"), None)
    if tentacle is None:
        raise OctotuiError("the stand-in Tentacle has ended", hint="start it again: octotui demo")
    settings = config.load(locations.config_files(), environment())
    return open_screen(replace(settings, scope="octopus", filter="", subtree=tentacle), record=record)


@contextlib.contextmanager
def _stopped_by(signals: Sequence[signal.Signals]) -> Iterator[None]:
    """Inside, each of `signals` raises `_Stopped`, so that the tree is taken down on the way out."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
