"""SHA-256 that keeps up with a growing file, so that the digest is there when the writer is done."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator

BLOCK_BYTES = 1 << 20
GUARD_BYTES = 1 << 20
"""The start of the file, compared at the end: a writer that goes back to mend its headers is noticed."""

POLL_SECONDS = 0.01
WATCH_SECONDS = 0.05
"""Where the file is only watched: each look costs processor time that the writer could use."""

CORES_TO_SPARE = 4


class FollowingHash:
    """Reads a file behind its writer, in a thread of least priority, and hashes it on the way.

    `open_file` returns a descriptor of the file or raises OSError while it is not there; it must be safe against links.
    A file that was replaced, shortened or changed in its first `GUARD_BYTES` after they were read is hashed anew; a
    change further on is not noticed. So a writer that is not trusted is watched only, and its file is hashed when it
    is done; likewise where the cores are needed elsewhere.
    """

    def __init__(self, open_file: Callable[[], int], *, trusts_writer: bool) -> None:
        self._open_file = open_file
        self._trusts_writer = trusts_writer
        self._poll_seconds = POLL_SECONDS if trusts_writer else WATCH_SECONDS
        self._over = threading.Event()
        self._hash = hashlib.sha256()
        self._guard = b""
        self._hashed = 0
        self._written = 0
        self._identity: tuple[int, int] | None = None
        self._thread = threading.Thread(target=self._follow, name="octotui-hash", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def bytes_written(self) -> int:
        """Size of the file when it was last looked at; 0 before it is there."""
        return self._written

    def stop(self) -> None:
        """Ends the following, for instance when the writer is done. The thread ends by itself."""
        self._over.set()

    def digest(self, descriptor: int, is_cancelled: Callable[[], bool] = lambda: False) -> str:
        """The digest of the file behind `descriptor`, whose writer is done; "" when `is_cancelled` said so.

        Blocks until all of it is read.
        """
        self.stop()
        if self._thread.is_alive():
            self._thread.join()
        found = os.fstat(descriptor)
        is_same = (found.st_dev, found.st_ino) == self._identity and found.st_size >= self._hashed
        if not (self._trusts_writer and is_same) or os.pread(descriptor, len(self._guard), 0) != self._guard:
            return whole_digest(descriptor, is_cancelled)
        for block in _blocks(descriptor, self._hashed):
            self._hash.update(block)
            self._hashed += len(block)
            if is_cancelled():
                return ""
        if self._hashed != found.st_size:
            return whole_digest(descriptor, is_cancelled)
        return self._hash.hexdigest()

    def _follow(self) -> None:
        with contextlib.suppress(OSError):
            # The capture comes first: the digest takes what time the processors have left.
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))
        descriptor = self._opened()
        if descriptor is None:
            return
        try:
            found = os.fstat(descriptor)
            self._identity = (found.st_dev, found.st_ino)
            self._hash_growing(descriptor)
        except OSError:
            self._identity = None
        finally:
            os.close(descriptor)

    def _opened(self) -> int | None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                return self._open_file()
            self._over.wait(self._poll_seconds)
        return None

    def _hash_growing(self, descriptor: int) -> None:
        while not self._over.is_set():
            self._written = os.fstat(descriptor).st_size
            for block in _blocks(descriptor, self._hashed) if self._trusts_writer else ():
                if self._hashed < GUARD_BYTES:
                    self._guard += bytes(block[: GUARD_BYTES - self._hashed])
                self._hash.update(block)
                self._hashed += len(block)
                self._written = max(self._written, self._hashed)
                if self._over.is_set():
                    return
            self._over.wait(self._poll_seconds)


def has_idle_cores() -> bool:
    """Whether there are cores enough to hash while a dump is written: with few, that would lengthen the pause."""
    return len(os.sched_getaffinity(0)) >= CORES_TO_SPARE


def whole_digest(descriptor: int, is_cancelled: Callable[[], bool] = lambda: False) -> str:
    """SHA-256 of all bytes behind an open file, as hexadecimal text; "" when `is_cancelled` said so on the way."""
    digest = hashlib.sha256()
    for block in _blocks(descriptor, 0):
        digest.update(block)
        if is_cancelled():
            return ""
    return digest.hexdigest()


def _blocks(descriptor: int, position: int) -> Iterator[memoryview]:
    """The file from `position` on. Each block is overwritten by the next."""
    buffer = bytearray(BLOCK_BYTES)
    view = memoryview(buffer)
    while count := os.preadv(descriptor, [buffer], position):
        yield view[:count]
        position += count
