"""The screen's way in: checks the terminal, then starts the only Textual of the program."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from octotui.cli import output
from octotui.cli.arguments import parsed_filter
from octotui.errors import UsageError
from octotui.text import printable

if TYPE_CHECKING:
    from octotui.config import Settings


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
    settings = config.load(
        locations.config_files(),
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
    return open_screen(settings)


def require_terminal() -> None:
    """Raises UsageError where there is no terminal that can show the screen."""
    if not output.can_ask():
        raise UsageError(
            "the screen needs a terminal, and this is none that can show it",
            hint="octotui tree prints the processes, octotui dump --help captures without the screen",
        )


def open_screen(settings: Settings) -> int:
    """Runs the screen until it is quit; returns the exit status."""
    require_terminal()
    from octotui.host import Host

    parsed_filter(settings.filter)
    host = Host.open(settings)
    from octotui.ui.app import run

    return run(host)
