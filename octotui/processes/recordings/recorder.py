"""The writing side of a recording: a private file that is whole after every sample, however octotui ends."""

from __future__ import annotations

import contextlib
import os
import threading
import zlib
from datetime import datetime
from pathlib import Path
from typing import Self

from octotui.errors import UsageError, is_disk_full
from octotui.processes.model import Sample
from octotui.processes.recordings.format import KEY_FRAME_EVERY, LONGEST_LINE, header_line, sample_line
from octotui.text import printable, shell_quoted_path
from octotui.units import bytes_text, seconds_text

MOST_BYTES = 200_000_000
"""Size of a file at which a recording ends by itself."""

_GZIP = 31
_LEVEL = 6
_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_CLOSE_SECONDS = 2.0
"""How long closing waits for a write that hangs, on a network disk for instance."""


class Recorder:
    """Writes samples to one file. A file that cannot be written ends the recording with a sentence, not octotui.

    `take` belongs to the thread that scans; `close` may be called from another one.
    """

    def __init__(self, descriptor: int, path: Path, header: bytes, *, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self.samples = 0
        self.bytes = 0
        self.problem = ""
        self._descriptor = descriptor
        self._most_bytes = most_bytes
        self._header = header
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._last: Sample | None = None
        self._first_monotonic = 0.0
        self._is_over = False
        self._lock = threading.Lock()
        self._write(header)

    @classmethod
    def create(cls, path: Path, *, version: str, host: str, started_at: datetime, most_bytes: int = MOST_BYTES) -> Self:
        """A recorder into a new file of mode 0600. Raises UsageError; what is at `path` already stays as it is."""
        shown = shell_quoted_path(printable(str(path)))
        try:
            descriptor = os.open(path, _FLAGS, 0o600)
        except FileExistsError:
            raise UsageError(
                f"{shown} exists already, and a recording replaces nothing", hint="give --record another name"
            ) from None
        except OSError as error:
            raise UsageError(
                f"cannot record into {shown}: {error.strerror}", hint="give --record a file in a directory of yours"
            ) from error
        except ValueError:
            raise UsageError("the name of the recording is none", hint="octotui --record FILE.jsonl.gz") from None
        return cls(
            descriptor, path, header_line(version=version, host=host, started_at=started_at), most_bytes=most_bytes
        )

    @property
    def is_over(self) -> bool:
        return self._is_over

    def take(self, sample: Sample) -> None:
        """Write what `sample` changes; it is in the hands of the kernel when this returns. Blocks, raises nothing."""
        with self._lock:
            if self._is_over:
                return
            is_key = self.samples % KEY_FRAME_EVERY == 0
            line = sample_line(sample, None if is_key else self._last, self.samples + 1)
            if len(line) > LONGEST_LINE:
                self._end("a sample of this host is larger than a recording takes")
            elif self._write(line):
                if not self.samples:
                    self._first_monotonic = sample.snapshot.monotonic
                self.samples += 1
                self._last = sample

    def close(self) -> None:
        """End the file. A second call does nothing."""
        if not self._lock.acquire(timeout=_CLOSE_SECONDS):
            return
        try:
            if not self._is_over:
                self._end("")
        finally:
            self._lock.release()

    def sentence(self) -> str:
        """What was recorded, and how to see it."""
        count = "1 sample" if self.samples == 1 else f"{self.samples} samples"
        seconds = 0.0 if self._last is None else self._last.snapshot.monotonic - self._first_monotonic
        path = shell_quoted_path(printable(str(self.path)))
        kept = f"Recorded {count} of {seconds_text(seconds)} into {path} ({bytes_text(self.bytes)})"
        return f"{kept}; octotui --replay {path} shows them"

    def _write(self, line: bytes) -> bool:
        """Whether the whole line went into the file; otherwise the recording is over, and none of it stands there."""
        data = self._stream.compress(line) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        if self.bytes + len(data) > self._most_bytes:
            self._end(f"the file has reached {bytes_text(self._most_bytes)}")
            return False
        try:
            _write_all(self._descriptor, data)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.bytes)
            self._end("the disk is full" if is_disk_full(error) else f"{error.strerror} while writing the file")
            return False
        self.bytes += len(data)
        return True

    def _end(self, problem: str) -> None:
        self._is_over = True
        if not problem:
            with contextlib.suppress(OSError):
                tail = self._stream.flush(zlib.Z_FINISH)
                _write_all(self._descriptor, tail)
                self.bytes += len(tail)
        with contextlib.suppress(OSError):
            os.close(self._descriptor)
        if problem:
            self.problem = f"The recording ends here: {problem}; {self.samples} samples are kept, octotui goes on"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
