"""What to advise about a createdump that cannot be run: a command only where nobody can turn it against root."""

from __future__ import annotations

import os
import stat

from octotui.dotnet.model import CreatedumpTool, RuntimeFacts
from octotui.dotnet.trust import first_untrusted
from octotui.dumps.commands import as_user
from octotui.text import printable, shell_quoted_path

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def run_bits(tool: CreatedumpTool) -> str:
    """How the file gets its run bits. A command when only root can change what it would act on, else a sentence."""
    try:
        status = os.lstat(tool.path)
    except (OSError, ValueError):
        return "have the runtime of that version installed whole, with its createdump"
    is_plain = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o111
    if is_plain and tool.reachable == tool.path and _is_printable(tool.path) and not first_untrusted(tool.path):
        return f"sudo chmod a+x {shell_quoted_path(tool.path)}"
    return "have the owner of that runtime make its createdump executable for the process's user"


def trust(facts: RuntimeFacts, untrusted: str) -> str:
    """What to do when someone other than root can change the runtime of a process that root wants captured."""
    if facts.socket is not None and facts.state not in "Tt":
        advice = "use --backend ipc"
    elif facts.uid != 0:
        return as_its_user(facts)
    else:
        advice = "have that runtime installed where only root can write"
    if _is_printable(untrusted) and _is_lone_flaw(untrusted):
        return f"{advice}, or make {shell_quoted_path(untrusted)} root's own first"
    return advice


def by_its_runtime(facts: RuntimeFacts) -> str:
    """How a process is captured that octotui run as root cannot dump itself: by its own runtime, or by its user."""
    if facts.socket is not None and facts.state not in "Tt":
        return "use --backend ipc"
    return as_its_user(facts)


def as_its_user(facts: RuntimeFacts) -> str:
    """The command that has octotui capture with the rights of the target's user from the start."""
    return as_user(facts.uid, "dump", str(facts.key.pid))


def _is_printable(path: str) -> bool:
    return printable(path) == path


def _is_lone_flaw(path: str) -> bool:
    """Whether it is a real file or directory in a directory where nobody but root can exchange it for another."""
    parent = os.path.dirname(path)
    try:
        mode = os.lstat(path).st_mode
        is_shared = os.stat(parent).st_mode & _WRITABLE_BY_OTHERS
    except (OSError, ValueError):
        return False
    return (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and not is_shared and not first_untrusted(parent)
