"""The watchdog of a hold: a process of its own that continues what octotui stopped, should octotui be gone.

It is run as a file by `python -I -S`, so it imports the standard library alone. Its standard input is one end of a
socket to octotui, its argument the seconds after which nothing shall stand still any more. It answers each line:

    + PID STARTED   keep this process: "armed PID STARTED", or "gone PID STARTED" when there is no such process
    - PID STARTED   forget it, it runs again: no answer

When octotui's end closes, for whatever reason, when octotui itself is stopped (Ctrl+Z), or when the time is up, it
continues every process that it keeps and ends.
A process is named by its pid and its start ticks and kept by a pidfd: none that takes over a pid is ever touched.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time

LINK = 0
GREETING = b"ready\n"
LOOK_SECONDS = 1.0
MOST_STOPPED_LOOKS = 3
LONGEST_LINE = 100
UNHEARD = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP, signal.SIGUSR1, signal.SIGUSR2)

Kept = dict[bytes, int]
"""`PID STARTED` -> pidfd."""


def watch(limit_seconds: float) -> None:
    """Serves until octotui's end closes or the time is up; continues what is kept then."""
    kept: Kept = {}
    try:
        _serve(kept, time.monotonic() + limit_seconds)
    finally:
        for descriptor in kept.values():
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(descriptor, signal.SIGCONT)


def _serve(kept: Kept, deadline: float) -> None:
    link = select.poll()
    link.register(LINK, select.POLLIN)
    unread, stopped_looks, owner = b"", 0, os.getppid()
    with contextlib.suppress(OSError):
        os.write(LINK, GREETING)
        while (left := deadline - time.monotonic()) > 0:
            if not link.poll(min(left, LOOK_SECONDS) * 1000):
                stopped_looks = stopped_looks + 1 if state_of(owner) == "T" else 0
                if stopped_looks >= MOST_STOPPED_LOOKS:
                    return
                continue
            found = os.read(LINK, 4096)
            if not found:
                return
            *lines, unread = (unread + found).split(b"\n")
            if len(unread) > LONGEST_LINE:
                return
            for line in lines:
                answer = obey(line, kept)
                if answer:
                    os.write(LINK, answer + b"\n")


def obey(line: bytes, kept: Kept) -> bytes:
    """Does what one line says and returns the answer, b"" for none."""
    order, _, name = line.partition(b" ")
    if order == b"-":
        descriptor = kept.pop(name, -1)
        if descriptor >= 0:
            os.close(descriptor)
        return b""
    if order != b"+" or name in kept:
        return b"armed " + name if name in kept else b""
    pid, _, started = name.partition(b" ")
    if not (pid.isdigit() and started.isdigit()):
        return b"gone " + name
    try:
        descriptor = os.pidfd_open(int(pid))
    except OSError:
        return b"gone " + name
    # Looked at after the pidfd is open: what has these start ticks now is what the pidfd names.
    if start_ticks(int(pid)) != int(started):
        os.close(descriptor)
        return b"gone " + name
    kept[name] = descriptor
    return b"armed " + name


def start_ticks(pid: int) -> int:
    """Field 22 of `/proc/PID/stat`; -1 when there is no such process."""
    fields = _fields(pid)
    return int(fields[19]) if len(fields) > 19 and fields[19].isdigit() else -1


def state_of(pid: int) -> str:
    """The state letter of `/proc/PID/stat`; "" when there is no such process."""
    fields = _fields(pid)
    return fields[0].decode("ascii", "replace") if fields else ""


def _fields(pid: int) -> list[bytes]:
    """What stands in `/proc/PID/stat` after the name."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read().rpartition(b")")[2].split()
    except OSError:
        return []


def main() -> None:
    for number in UNHEARD:
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as stream:
        # Where memory runs out octotui may have to go, but not what undoes its hold.
        stream.write("-900")
    watch(float(sys.argv[1]))


if __name__ == "__main__":
    main()
