"""The real program on a real pseudo-terminal: it ends in order, and no stranger's bytes come out raw."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

PATIENCE = 60.0
HOSTILE_NAME = "evil\x1b]0;pwned\x07[/b]\x1b[2J"


@dataclass
class Terminal:
    """A started octotui and the master end of its terminal."""

    process: subprocess.Popen[bytes]
    master: int
    seen: bytearray = field(default_factory=bytearray)

    def read_until(self, words: bytes) -> None:
        """Read what the program writes until `words` have been among it."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.seen:
            assert time.monotonic() < deadline, f"{words!r} never came: {bytes(self.seen[-2000:])!r}"
            self._read()

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def status(self) -> int:
        """The exit status, once the program has ended."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "the program does not end"
            self._read()
        return self.process.returncode

    def _read(self) -> None:
        if self.master < 0:
            time.sleep(0.02)
            return
        ready, _, _ = select.select([self.master], [], [], 0.1)
        if not ready:
            return
        try:
            self.seen += os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            time.sleep(0.02)

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1


@contextmanager
def octotui(*options: str, own_session: bool = True) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": ""}
    process = subprocess.Popen(
        [sys.executable, "-m", "octotui", *options],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=own_session,
    )
    os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if terminal.master >= 0:
            terminal.hang_up()


def test_q_ends_the_program_and_puts_the_terminal_back() -> None:
    with octotui("--all") as terminal:
        terminal.read_until(b"PROCESS")
        terminal.press(b"q")
        assert terminal.status() == 0
        terminal._read()
        assert b"\x1b[?1049l" in terminal.seen and b"\x1b[?25h" in terminal.seen


@pytest.mark.parametrize(("number", "status"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_program_in_order(number: signal.Signals, status: int) -> None:
    with octotui("--all") as terminal:
        terminal.read_until(b"PROCESS")
        terminal.process.send_signal(number)
        assert terminal.status() == status


def test_a_terminal_that_is_gone_ends_the_program() -> None:
    with octotui("--all") as terminal:
        terminal.read_until(b"PROCESS")
        terminal.hang_up()
        assert terminal.status() != 0


def test_a_hostile_process_name_never_reaches_the_terminal_raw() -> None:
    sleeper = subprocess.Popen([HOSTILE_NAME, "300"], executable="/bin/sleep", stdout=subprocess.DEVNULL)
    try:
        with octotui("--all", "--filter", "evil") as terminal:
            terminal.read_until(b"pwned")
            terminal.press(b"\r")
            terminal.read_until(b"Command line")
            terminal.press(b"\x11")
            terminal.status()
            assert b"\x1b]0;pwned" not in terminal.seen
            assert b"\x1b[2J" not in terminal.seen
    finally:
        sleeper.kill()
        sleeper.wait()
