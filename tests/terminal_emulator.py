"""The real program on a real pseudo terminal, with a terminal emulator as the eye and every byte kept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import pyte

OCTOTUI = (sys.executable, "-m", "octotui")
_OF_ANOTHER_TERMINAL = ("NO_COLOR", "COLORTERM", "COLUMNS", "LINES")
"""What the tests run in says of itself. A worker of pytest has a size, which would count for more than the pty's."""

QUIET_SECONDS = 0.6
"""Without output for so long, a screen is taken to have been drawn."""


class Terminal:
    """A program on a terminal of `columns` x `lines`. Leaving the context ends it."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        columns: int = 80,
        lines: int = 24,
        *,
        program: Sequence[str] = OCTOTUI,
    ) -> None:
        """`environment` is added to that of the tests; `raw` holds every byte that came."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = bytearray()
        self._master, self._slave = pty.openpty()
        self._set_size(columns, lines)
        self.settings_before = self.settings()
        inherited = {name: text for name, text in os.environ.items() if name not in _OF_ANOTHER_TERMINAL}
        # setsid --ctty makes the pseudo terminal the controlling one, so that closing it is a hangup as over SSH.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *program, *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env={**inherited, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for descriptor in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def settings(self) -> list[Any]:
        """The line settings of the terminal (raw, echo, ...)."""
        return termios.tcgetattr(self._slave)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode(errors="surrogateescape"))

    def paste(self, text: str) -> None:
        """`text` as a terminal hands over a paste."""
        self.press(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, lines: int) -> None:
        """Another size; the kernel sends SIGWINCH."""
        self._screen.resize(lines, columns)
        self._set_size(columns, lines)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def hang_up(self) -> None:
        """The connection is lost: both ends of the terminal are closed."""
        os.close(self._slave)
        os.close(self._master)

    @property
    def text(self) -> str:
        """What a person sees."""
        # pyte's own picture cannot be asked for while a half of a wide character is overwritten, as in mid-update.
        cells, columns = self._screen.buffer, range(self._screen.columns)
        return "\n".join("".join(cells[y][x].data for x in columns).rstrip() for y in range(self._screen.lines))

    def wait_for(self, condition: Callable[[str], object], seconds: float = 90.0) -> str:
        """Reads until what is seen meets `condition`; fails with the picture when it never does."""
        deadline = time.monotonic() + seconds
        while not condition(self.text):
            assert time.monotonic() < deadline, f"never seen; the screen was:\n{self.text}"
            assert self.process.poll() is None, f"ended with {self.process.returncode}; the screen was:\n{self.text}"
            self._read(0.05)
        return self.text

    def settle(self, seconds: float = 20.0, quiet: float = QUIET_SECONDS) -> bytes:
        """Reads until nothing has come for `quiet` seconds, at most for `seconds`; what came."""
        start, deadline = len(self.raw), time.monotonic() + seconds
        while time.monotonic() < deadline and self._read(quiet):
            pass
        return bytes(self.raw[start:])

    def listen(self, seconds: float) -> bytes:
        """What comes within `seconds`."""
        start, deadline = len(self.raw), time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)
        return bytes(self.raw[start:])

    def wait_for_end(self, seconds: float = 60.0) -> int:
        """Reads until the program ends; its exit status."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end; the screen was:\n{self.text}"
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.returncode

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)
