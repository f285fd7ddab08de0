"""Values of the command line, read and refused in the words of a person. Each function is a click type."""

from __future__ import annotations

import re
from pathlib import Path

import click

from octotui.processes.filters import Filter, FilterError, parse_filter
from octotui.text import printable


def pid(text: str) -> int:
    """The number of a process. Raises click.BadParameter."""
    if not re.fullmatch(r"0*[1-9][0-9]{0,17}", text):
        raise click.BadParameter(f'"{printable(text, 40)}" is not a pid; octotui tree lists the pids')
    return int(text)


def parsed_filter(text: str) -> Filter:
    """The filter that `text` describes, wherever it was set. Raises FilterError naming it."""
    try:
        return parse_filter(text)
    except FilterError as error:
        message = f'the filter "{printable(text, 80)}" makes no sense: {error.message}'
        raise FilterError(message, position=error.position, hint=error.hint) from error


def named_path(text: str) -> Path:
    """A path that has a name: an empty one would mean the current directory. Raises click.BadParameter."""
    if not text.strip() or "\0" in text:
        raise click.BadParameter("an empty path names nothing")
    return Path(text)
