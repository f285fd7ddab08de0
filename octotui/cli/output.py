"""What the command line writes: plain lines for people, one JSON document for programs, sentences for failures."""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

import click

from octotui.cli.terminal import shows_unicode
from octotui.text import ascii_only, printable

SCHEMA = 1
LONGEST_LINE = 16_384
SCRIPT_STEP_VARIABLES = ("TentacleHome", "OctopusCalamariWorkingDirectory")

Command = TypeVar("Command", bound=Callable[..., Any])


class Session:
    """One run of the command line: whether it answers in JSON, and how it reports that it failed."""

    def __init__(self) -> None:
        self.as_json = False
        self.debug = False
        self.answer: dict[str, Any] = {}
        """What is known by now: a failure after it is told in the same document."""

    def report(self, message: str, hint: str, code: str, status: int) -> int:
        """Say on stderr what happened and what to do next; with `--json` the document on stdout says it too."""
        if self.as_json:
            write_json({**self.answer, "error": {"code": code, "message": clean(message), "hint": clean(hint)}})
        _to_stderr(f"octotui: {clean(message)}")
        if hint:
            _to_stderr(f"  next step: {clean(hint)}")
        return status

    def report_defect(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """The exception hook of the process: an error that nobody foresaw is one sentence, or all of it on request."""
        if self.debug:
            traceback.print_exception(kind, error, trace)
            return
        self.report(
            f"stopped on an error of its own ({kind.__name__}: {error})",
            "run it again as octotui --debug ... and report what it prints",
            "defect",
            1,
        )


def json_option(command: Command) -> Command:
    """Adds `--json`; the session learns of it, so that failures are told in JSON as well."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
        session = context.find_root().obj
        if isinstance(session, Session):
            session.as_json = value
        return value

    return click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=remember, help="Print one JSON document."
    )(command)


def in_script_step(environment: Mapping[str, str] = os.environ) -> bool:
    """True inside an Octopus script step, whose log shows escape sequences as rubbish."""
    return any(environment.get(name) for name in SCRIPT_STEP_VARIABLES)


def has_terminal(environment: Mapping[str, str] = os.environ) -> bool:
    """True when stdout is a terminal that understands escape sequences."""
    try:
        is_tty = sys.stdout.isatty()
    except ValueError:
        return False
    return is_tty and environment.get("TERM", "") not in ("", "dumb")


def shows_progress(environment: Mapping[str, str] = os.environ) -> bool:
    """True when lines may be redrawn: on a terminal, but never in a script step, even one that was given a terminal."""
    return has_terminal(environment) and not in_script_step(environment)


def can_ask() -> bool:
    """True when a person can answer: stdin and stdout are a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and has_terminal()


def clean(text: str) -> str:
    """One line of text that cannot drive a terminal and shows no secret value that octotui knows by its shape."""
    from octotui.octopus.secrets import redact_text

    return printable(redact_text(text), LONGEST_LINE)


def fitted(text: str) -> str:
    """`text` cut to the width of the terminal; whole where stdout is none."""
    if not has_terminal():
        return text
    from rich.cells import cell_len, set_cell_size

    width = shutil.get_terminal_size().columns
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def line(text: str = "") -> None:
    """One line on stdout, in characters that the locale and the encoding of stdout have."""
    print(encodable(printable(text, LONGEST_LINE), sys.stdout.encoding), flush=True)


def aside(text: str) -> None:
    """One line on stderr that is no failure: what goes on meanwhile."""
    _to_stderr(clean(text))


def write_json(document: Mapping[str, Any]) -> None:
    """The one JSON document of a run; pure ASCII, so that no locale and no terminal can spoil it."""
    print(json.dumps({"schema": SCHEMA, **document}, indent=2, ensure_ascii=True), flush=True)


def columns(rows: list[tuple[str, ...]], right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as lines of aligned columns; `right` names the columns that align right. The last one is not padded."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []

    def padded(index: int, text: str) -> str:
        space = " " * (widths[index] - cell_len(text))
        if index in right:
            return space + text
        return text if index == len(widths) - 1 else text + space

    return ["  ".join(padded(index, text) for index, text in enumerate(row)).rstrip() for row in rows]


def _to_stderr(text: str) -> None:
    print(encodable(text, sys.stderr.encoding), file=sys.stderr, flush=True)


def encodable(text: str, encoding: str | None = None) -> str:
    """`text` in characters that the locale and `encoding`, else that of stdout, have."""
    encoding = encoding or sys.stdout.encoding
    if not shows_unicode():
        return ascii_only(text)
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ascii_only(text)
    return text
