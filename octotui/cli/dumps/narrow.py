"""The list of dumps in the width of the terminal: whole rows elsewhere, for scripts and logs."""

from __future__ import annotations

import shutil
import textwrap

from octotui.cli import output

LEAST_LAST = 8
"""Cells of the last column below which it is left out."""


def fitting(rows: list[tuple[str, ...]], right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as aligned lines; the last column is cut to what the terminal has left, or left out."""
    lines = output.columns(rows, right)
    if not output.has_terminal():
        return lines
    from rich.cells import cell_len

    width = shutil.get_terminal_size().columns
    if all(cell_len(text) <= width for text in lines):
        return lines
    others = output.columns([(*row[:-1], "|") for row in rows], right)
    if max(map(cell_len, others)) - 1 + LEAST_LAST <= width:
        return [output.fitted(text) for text in lines]
    return output.columns([row[:-1] for row in rows], right)


def folded(text: str) -> list[str]:
    """A sentence in lines that break between words; one line where there is no terminal."""
    if not output.has_terminal():
        return [text]
    width = max(20, shutil.get_terminal_size().columns)
    return textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
