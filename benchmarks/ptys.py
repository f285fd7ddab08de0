"""A program on a pseudo terminal: what it draws is drained, counted and looked through, and it is ended at the end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Self

ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b.")
KEPT_BYTES = 1 << 19
END_SECONDS = 8.0


class Program:
    """`command` on a terminal of its own. Leaving the context ends it: SIGTERM, and SIGKILL when that is not enough."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int = 160, lines: int = 45
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._command = command
        self._changed = threading.Condition()
        self._seen = bytearray()
        self._bytes = 0
        self._is_over = False
        self.started = time.monotonic()
        # The terminal has to be the controlling one: a benchmark that is killed then hangs up, and the program ends.
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=slave, stdout=slave, stderr=slave, env=dict(environment)
        )
        os.close(slave)
        self._drain = threading.Thread(target=self._read, daemon=True)
        self._drain.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._drain.join(END_SECONDS)
        os.close(self._master)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def bytes_drawn(self) -> int:
        """How many bytes the terminal has been sent so far."""
        with self._changed:
            return self._bytes

    def text(self) -> bytes:
        """What was drawn last, without its escape sequences: pieces of lines in the order in which they were sent."""
        with self._changed:
            return ESCAPES.sub(b"", bytes(self._seen))

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def seconds_until(self, marker: re.Pattern[bytes], most: float) -> float:
        """Seconds from the start until `marker` was drawn. SystemExit when it is not there after `most` of them."""
        deadline = self.started + most
        with self._changed:
            while not marker.search(ESCAPES.sub(b"", bytes(self._seen))):
                left = deadline - time.monotonic()
                if left <= 0 or self._is_over:
                    what = "ended before" if self._is_over else f"did not in {most:.0f} s"
                    raise SystemExit(f"{' '.join(self._command)}: {what} showing {marker.pattern.decode()}")
                self._changed.wait(left)
            return time.monotonic() - self.started

    def seconds_to_end(self, most: float) -> float:
        """Seconds from the start until it ended. SystemExit when it does not."""
        # Popen.wait with a limit looks only every 50 ms.
        handle = os.pidfd_open(self.pid)
        try:
            if not select.select([handle], [], [], most)[0]:
                raise SystemExit(f"{' '.join(self._command)}: did not end in {most:.0f} s")
        finally:
            os.close(handle)
        return time.monotonic() - self.started

    def check_alive(self) -> None:
        """SystemExit with its last words when the program has ended by itself."""
        if self._process.poll() is not None:
            last = self.text()[-400:].decode(errors="replace").strip()
            raise SystemExit(f"{' '.join(self._command)} ended with {self._process.returncode}: {last}")

    def _read(self) -> None:
        is_ended = False
        while not is_ended:
            # With a limit, since a child of the program may hold the terminal open after it.
            ready = select.select([self._master], [], [], 0.5)[0]
            data = b""
            if ready:
                with contextlib.suppress(OSError):
                    data = os.read(self._master, 1 << 16)
            is_ended = not data if ready else self._process.poll() is not None
            with self._changed:
                self._bytes += len(data)
                self._seen += data
                del self._seen[:-KEPT_BYTES]
                self._is_over = is_ended
                self._changed.notify_all()
