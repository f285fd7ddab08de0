"""The screen's way in: checks the terminal, then starts the only Textual of the program."""

from __future__ import annotations

import contextlib
import difflib
import gc
import sys
from typing import TYPE_CHECKING

from octotui.cli import output
from octotui.cli.arguments import parsed_filter
from octotui.errors import UsageError
from octotui.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from octotui.config import Settings
    from octotui.processes.recordings.recorder import Recorder

_M_ARENA_MAX = -8
"""The number of this setting in glibc."""


def start(
    *,
    everything: bool = False,
    filter_text: str | None = None,
    pid: int | None = None,
    interval: float | None = None,
    read_only: bool | None = None,
    ascii: bool | None = None,
    no_mouse: bool | None = None,
    theme: str | None = None,
    record: Path | None = None,
    replay: Path | None = None,
    no_config: bool = False,
) -> int:
    """Opens the screen with the options of the command line; returns the exit status."""
    from octotui import config, locations
    from octotui.cli.terminal import environment

    if theme is not None and theme not in config.THEMES:
        close = difflib.get_close_matches(theme.lower(), config.THEMES, n=1, cutoff=0.4)
        near = f'did you mean "{close[0]}"? ' if close else ""
        raise UsageError(
            f'there is no theme "{printable(theme, 60)}"', hint=f"{near}--theme takes " + ", ".join(config.THEMES)
        )
    if record is not None and replay is not None:
        raise UsageError("a replay cannot be recorded", hint="give --record or --replay, not both")
    if replay is not None and interval is not None:
        raise UsageError("a replay runs in the recorded time", hint="leave --interval out; [ and ] change the speed")
    settings = config.load(
        () if no_config else locations.config_files(),
        environment(),
        interval_seconds=interval,
        scope="everything" if everything else None,
        filter=filter_text,
        subtree=pid,
        read_only=read_only,
        ascii=ascii,
        mouse=False if no_mouse else None,
        theme=theme,
    )
    return open_screen(settings, record=record) if replay is None else open_replay(settings, replay)


def require_terminal() -> None:
    """Raises UsageError where there is no terminal that can show the screen."""
    if not output.can_ask():
        raise UsageError(
            "the screen needs a terminal, and this is none that can show it",
            hint="octotui tree prints the processes, octotui dump --help captures without the screen",
        )


def open_screen(settings: Settings, *, record: Path | None = None) -> int:
    """Runs the screen until it is quit; returns the exit status. With `record` its samples go into that file."""
    require_terminal()
    from octotui.host import Host

    parsed_filter(settings.filter)
    recorder = None if record is None else _recorder(record)
    # What is made by the first picture stays, so looking for garbage in it is in vain; the screen begins with that.
    gc.disable()
    _share_one_arena()
    try:
        host = Host.open(settings, recorder, is_following=True)
        host.look_around()
        from octotui.ui.app import run

        return run(host)
    finally:
        if recorder is not None:
            recorder.close()
            # After a hangup there is nobody to tell, and writing would fail.
            told = (recorder.problem, recorder.sentence()) if output.has_terminal() else ()
            for sentence in filter(None, told):
                output.line(sentence)


def _share_one_arena() -> None:
    """All threads take memory from the same pool. By default the C library gives each a pool of its own, and what
    was free in one after hours of short-lived processes is of no use to the others: megabytes that nobody needs."""
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def open_replay(settings: Settings, path: Path) -> int:
    """Runs the screen on the recording at `path` until it is quit; returns the exit status."""
    require_terminal()
    from octotui.processes.recordings.recording import Recording

    parsed_filter(settings.filter)
    recording = Recording.open(path)
    from octotui.ui.app import run
    from octotui.ui.replay import ReplayHost

    return run(ReplayHost(settings, recording))


def _recorder(path: Path) -> Recorder:
    import platform
    from datetime import UTC, datetime

    from octotui import __version__
    from octotui.processes.recordings.recorder import Recorder

    return Recorder.create(path, version=__version__, host=printable(platform.node()), started_at=datetime.now(UTC))
