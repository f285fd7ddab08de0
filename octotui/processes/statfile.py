"""Pure parsing of `/proc/PID/stat` and `/proc/PID/cmdline`, both of which a hostile process can shape."""

from __future__ import annotations

from typing import NamedTuple

from octotui.processes.model import Redactor
from octotui.text import LONGEST, decoded, printable

LONGEST_COMMAND = 64 * 1024
"""Bytes of a command line that are looked at."""

CUT_SHORT = "…"
"""Stands for the end of a command line that is longer than that."""

_KERNEL_THREAD = 0x00200000

# Offsets behind the name; see proc_pid_stat(5), which counts from 1 and includes pid and name.
_STATE, _PARENT, _FLAGS, _USER, _SYSTEM, _THREADS, _STARTED, _RSS, _STACK = 0, 1, 6, 11, 12, 17, 19, 21, 25


class StatFields(NamedTuple):
    """The fields of one `stat` line that octotui uses.

    `started` and `cpu_ticks` are clock ticks, `rss_pages` pages. `image` is the address of the first stack page: it
    changes with every exec, but is 0 where the kernel hides it from us or the process has no memory any more.
    """

    name: bytes
    state: str
    parent_pid: int
    is_kernel: bool
    cpu_ticks: int
    threads: int
    started: int
    rss_pages: int
    image: int


def parse_stat(raw: bytes) -> StatFields | None:
    """The fields of `raw`, or None if it is not a whole stat line."""
    opening = raw.find(b"(")
    # The name may contain parentheses, spaces and newlines: the last ")" ends it.
    closing = raw.rfind(b")")
    fields = raw[closing + 2 :].split()
    if not 0 < opening < closing or len(fields) <= _STACK:
        return None
    try:
        return StatFields(
            raw[opening + 1 : closing],
            fields[_STATE].decode("ascii"),
            int(fields[_PARENT]),
            bool(int(fields[_FLAGS]) & _KERNEL_THREAD),
            int(fields[_USER]) + int(fields[_SYSTEM]),
            int(fields[_THREADS]),
            int(fields[_STARTED]),
            max(0, int(fields[_RSS])),
            int(fields[_STACK]),
        )
    except ValueError:
        return None


def parse_command(raw: bytes, redact: Redactor) -> tuple[str, ...]:
    """The arguments of a `cmdline` of at most LONGEST_COMMAND bytes, redacted and printable.

    A process that wrote a title over its arguments has a single one. Of a command line that was cut the last
    argument is partial; it is left out where the cut could show, so that no half of a secret escapes its pattern.
    """
    stripped = raw.rstrip(b"\0")
    if not stripped:
        return ()
    arguments = [decoded(argument) for argument in stripped.split(b"\0")]
    if len(raw) >= LONGEST_COMMAND and len(arguments[-1]) < 2 * LONGEST:
        arguments[-1] = CUT_SHORT
    return tuple(printable(argument) for argument in redact(arguments))
