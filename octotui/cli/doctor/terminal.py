"""What the terminal can show. The environment and the size are parameters."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from octotui.cli.doctor.check import Check, ok, warning
from octotui.cli.terminal import shows_unicode
from octotui.text import printable

DESIGN_SIZE = (80, 24)
SMALLEST = (60, 15)


def terminal(
    environment: Mapping[str, str],
    *,
    is_tty: bool | None = None,
    is_utf8: bool | None = None,
    size: tuple[int, int] | None = None,
) -> list[Check]:
    """The checks of the terminal that stdout is connected to."""
    if not (sys.stdout.isatty() if is_tty is None else is_tty):
        return [ok("terminal", "stdout is not a terminal: commands print plain text, the screen cannot start")]
    shown = shows_unicode() if is_utf8 is None else is_utf8
    return [kind(environment), characters(environment, shown), extent(size or _size()), clipboard(environment)]


def kind(environment: Mapping[str, str]) -> Check:
    """Colours by TERM, COLORTERM and NO_COLOR."""
    name = environment.get("TERM", "")
    if name in ("", "dumb"):
        return warning("terminal", f'TERM is "{name}": the screen cannot be drawn', "export TERM=xterm-256color")
    if environment.get("NO_COLOR"):
        return ok("terminal", f"{name}, without colour (NO_COLOR)")
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return ok("terminal", f"{name}, 16 million colours")
    if "256" in name:
        return ok("terminal", f"{name}, 256 colours")
    return ok("terminal", f"{name}, 16 colours; octotui --theme ansi uses the terminal's own")


def characters(environment: Mapping[str, str], is_utf8: bool) -> Check:
    """Whether the tree's lines and marks can be written in the encoding of the locale."""
    if is_utf8:
        return ok("characters", "UTF-8")
    named = (environment.get(variable, "") for variable in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = printable(next((name for name in named if name), "C"), 60)
    return warning(
        "characters",
        f"the locale {locale} is not UTF-8: lines and marks are drawn in ASCII",
        "export LC_ALL=C.UTF-8, or octotui --no-ascii",
    )


def extent(size: tuple[int, int]) -> Check:
    """Columns and lines against the size the screen is designed for."""
    width, height = size
    words = f"{width}x{height}"
    if width >= DESIGN_SIZE[0] and height >= DESIGN_SIZE[1]:
        return ok("size", words)
    if width >= SMALLEST[0] and height >= SMALLEST[1]:
        return ok("size", f"{words}: usable; 80x24 shows everything")
    return warning("size", f"{words}: too small for the screen", "make the terminal at least 60x15")


def clipboard(environment: Mapping[str, str]) -> Check:
    """Copying goes through OSC 52, which a terminal cannot be asked about."""
    if environment.get("TMUX"):
        return ok("clipboard", "copies go to tmux by OSC 52", "tmux set -g set-clipboard on, if they do not arrive")
    return ok("clipboard", "copies are sent by OSC 52; whether this terminal takes them cannot be asked")


def _size() -> tuple[int, int]:
    try:
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return (0, 0)
    return (columns, lines)
