"""Command lines that a person can paste: octotui by its full path, since sudo and cron search other directories."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from octotui.text import printable

_PROGRAM = "octotui"
_FIRST_WORDS = frozenset(
    {
        *("sudo", "octotui", "kill", "chmod", "chown", "mkdir", "ps", "kubectl", "docker", "podman"),
        *("export", "install", "mv", "df", "mount", "grep"),
    }
)
_STAND_INS = re.compile(r"[\x00-\x1f\x7f\u2400-\u2421↵\ufffd]")


def octotui(*arguments: str) -> str:
    """The running octotui with `arguments`, quoted for a shell."""
    return shlex.join((*_running(), *arguments))


def as_root(*arguments: str) -> str:
    """The same, by root."""
    return f"sudo {octotui(*arguments)}"


def as_user(uid: int, *arguments: str) -> str:
    """The same, by the user `uid`, who needs no name."""
    return f"sudo -u '#{uid}' {octotui(*arguments)}"


def is_command(hint: str) -> bool:
    """Whether a hint is one command line as it stands, and no sentence about what to do.

    One with a stand-in for a character that cannot be shown is none: it would mean another file.
    """
    first, _, rest = hint.partition(" ")
    if first not in _FIRST_WORDS and not first.startswith("/"):
        return False
    if ", or " in rest or ": " in rest or _STAND_INS.search(hint):
        return False
    try:
        return not any(word in ("DIR", "PID", "...") for word in shlex.split(hint))
    except ValueError:
        return False


def whole(hint: str) -> str:
    """A hint whose command begins with octotui, by its full path: it need not be on the PATH of whoever pastes it."""
    if not hint.startswith(f"{_PROGRAM} ") or not is_command(hint):
        return hint
    return shlex.join(_running()) + hint.removeprefix(_PROGRAM)


def safe_path(path: str, command: Callable[[str], str], otherwise: str) -> str:
    """The command on `path`, quoted, or `otherwise` where the path cannot be pasted: it would not be the same path."""
    return command(shlex.quote(path)) if path.startswith("/") and printable(path) == path else otherwise


def _running() -> tuple[str, ...]:
    """How this octotui is started: its script by an absolute path, else the module by its Python."""
    started = sys.argv[0] if sys.argv else ""
    beside = Path(sys.executable).with_name(_PROGRAM)
    for path in (Path.cwd() / started if started else None, beside):
        if path is not None and path.name.startswith(_PROGRAM) and _is_pasteable(path) and path.is_file():
            return (str(path),)
    return (sys.executable, "-m", _PROGRAM) if _is_pasteable(Path(sys.executable)) else (_PROGRAM,)


def _is_pasteable(path: Path) -> bool:
    return printable(str(path)) == str(path) and os.access(path, os.X_OK)
