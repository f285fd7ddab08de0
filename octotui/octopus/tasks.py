"""Which task a process belongs to: work directories, script tickets, options and the head of a task log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from octotui.octopus import commandline

_WORK = re.compile(r"[\\/]Work[\\/]([A-Za-z0-9-]{8,80})(?![\w.-])")
_TICKET_V1 = re.compile(r"\d{14}-(\d{1,12})-\d+")
_TASK = re.compile(r"[A-Za-z]+Tasks-\d{1,12}")
_MUTEX = re.compile(rb"Acquiring isolation mutex [^\r\n]{1,512}? in ([A-Za-z]{1,32}Tasks-[0-9]{1,12})(?![0-9])")
_GAPS = re.compile(r"[\s'\"=;,({\[]")
_ROOTED = re.compile(r"/|[A-Za-z]:[\\/]|\\\\")
_HOME_HINT = re.compile(r"octopus|tentacle", re.IGNORECASE)


class WorkDirectory(NamedTuple):
    """The directory of one script run: `path` ends in the ticket."""

    path: str
    ticket: str

    @property
    def home(self) -> str:
        """The home directory of the Tentacle or Server that owns it: what stands before `/Work/`."""
        return self.path[: -len(self.ticket) - len("/Work/")]


def work_directory_in(text: str) -> WorkDirectory | None:
    """The first work directory (`…/Work/<ticket>`) in a path, a word of a command line or a piece of script."""
    if "Work" not in text:
        return None
    found: WorkDirectory | None = None
    for match in _WORK.finditer(text):
        directory = WorkDirectory(text[_start(text, match.start()) : match.end()], match[1])
        if task_of_ticket(match[1]):
            return directory
        found = found or directory
    return found


def first_work_directory(texts: Iterable[str]) -> WorkDirectory | None:
    """The first work directory in any of `texts`."""
    return next((found for text in texts if (found := work_directory_in(text)) is not None), None)


def task_of_ticket(ticket: str) -> str:
    """`ServerTasks-N` of a ticket `yyyyMMddHHmmss-N-sequence`; empty for tickets that carry no task."""
    match = _TICKET_V1.fullmatch(ticket)
    return f"ServerTasks-{match[1]}" if match else ""


def is_task_id(text: str) -> bool:
    """Whether `text` has the form of a task id (`ServerTasks-826567`)."""
    return _TASK.fullmatch(text) is not None


def task_of_command(words: Sequence[str]) -> str:
    """The task that `-taskId` names, in any spelling; empty without one."""
    task = commandline.option(words, "taskId")
    return task if is_task_id(task) else ""


def task_in_log(head: bytes) -> str:
    """The task of the first line in which Tentacle says that it took the isolation mutex; empty without one.

    `head` is the start of `Output.log`, JSON arrays that the script itself can write to later; any bytes will do.
    """
    match = _MUTEX.search(head)
    return match[1].decode("ascii") if match else ""


def is_certain(directory: WorkDirectory) -> bool:
    """Whether a directory alone, with no Octopus process near it, speaks of Octopus: a dated ticket, or its home."""
    return bool(task_of_ticket(directory.ticket)) or _HOME_HINT.search(directory.home) is not None


def _start(text: str, end: int) -> int:
    """Where the path that goes on at `end` begins: at the start of a word that is a path, else after a quote or gap."""
    if _ROOTED.match(text):
        return 0
    quote = max(text.rfind("'", 0, end), text.rfind('"', 0, end))
    if _ROOTED.match(text, quote + 1):
        return quote + 1
    gaps = [match.end() for match in _GAPS.finditer(text, max(0, end - 4096), end)]
    return gaps[-1] if gaps else 0
