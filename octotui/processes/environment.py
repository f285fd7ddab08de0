"""The environment that a process was started with: all names, and the values that a rule of the caller lets through."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from octotui.errors import AccessDenied, OctotuiError
from octotui.processes.detail import check_alive
from octotui.processes.model import ProcessInfo
from octotui.text import decoded, printable

LONGEST_ENVIRONMENT = 256 * 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.()-]{0,127}")

ValueRule = Callable[[str, str], str | None]
"""What may be shown of the value of a variable, by name and value: redacted text, or None for nothing at all."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; `value` is printable, and None unless the rule lets it through."""

    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """`variables` by name. `is_cut` when there is more of it than is read; `nameless` counts entries that are no
    variables: a process that wrote a title over this memory leaves fragments of values there.
    """

    variables: tuple[Variable, ...]
    nameless: int = 0
    is_cut: bool = False


def environment(process: ProcessInfo, *, shown_value: ValueRule, proc: Path = Path("/proc")) -> Environment:
    """Reads it (blocking: run in a thread). Values that the rule holds back are let go of at once.

    Raises ProcessGone when the process ended, AccessDenied when it is another user's.
    """
    home = proc / str(process.key.pid)
    check_alive(process, home)
    try:
        with (home / "environ").open("rb") as file:
            raw = file.read(LONGEST_ENVIRONMENT)
    except PermissionError as error:
        raise AccessDenied(
            "The environment of this process is not permitted to this user", hint=f"sudo octotui --pid {process.pid}"
        ) from error
    except OSError as error:
        check_alive(process, home)
        raise OctotuiError(f"The environment cannot be read: {printable(error.strerror or str(error))}") from error
    check_alive(process, home)
    return parse_environment(raw, shown_value)


def parse_environment(raw: bytes, shown_value: ValueRule) -> Environment:
    """Entries separated by NUL, as the kernel gives them; the last one is left out where the text was cut."""
    entries = raw.split(b"\0")
    is_cut = len(raw) == LONGEST_ENVIRONMENT
    if is_cut:
        entries.pop()
    variables: dict[str, Variable] = {}
    nameless = 0
    for entry in entries:
        name, separator, value = decoded(entry).partition("=")
        if not separator or _NAME.fullmatch(name) is None:
            nameless += bool(entry)
            continue
        allowed = shown_value(name, value)
        variables[name] = Variable(name, None if allowed is None else printable(allowed))
    return Environment(tuple(variables[name] for name in sorted(variables)), nameless, is_cut)
