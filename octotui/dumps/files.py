"""Small files written whole or not at all, and names that are safe to use in a directory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from octotui.errors import CaptureFailed

COPY_BYTES = 4 << 20
LARGEST_JSON = 1 << 20
HALF_WRITTEN = ".*.json.????????"
"""What `write_json` leaves when it is killed in the middle."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.]+")


def safe_word(text: str, otherwise: str = "process") -> str:
    """`text` as part of a file name: letters, digits, dots and underscores, no leading dot, 40 characters at most."""
    return _UNSAFE.sub("-", text)[:40].strip("-.") or otherwise


def write_json(directory: int, name: str, document: dict[str, Any], *, is_durable: bool = True) -> None:
    """Writes `document` as `name` (0600) into an open directory, atomically; when durable it survives power loss too.

    An older file of that name is replaced. Raises OSError.
    """
    temporary = f".{name[:200]}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory)
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=1, ensure_ascii=False)
            stream.write("\n")
            stream.flush()
            if is_durable:
                os.fsync(stream.fileno())
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise
    if is_durable:
        os.fsync(directory)


def read_json(name: str | Path, directory: int | None = None) -> dict[str, Any] | None:
    """The JSON object in a small regular file, or None when it is absent, damaged, too large, or something else."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=directory)
        with open(descriptor, "rb") as stream:
            document = json.loads(stream.read(LARGEST_JSON + 1))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def link_exclusively(descriptor: int, directory: int, name: str) -> None:
    """Gives an open file the name `name` in an open directory of the same file system.

    It is this very file that is named, whatever its path names by now. Raises FileExistsError when the name is taken,
    OSError when the file system cannot do it.
    """
    os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=directory, follow_symlinks=True)


def copy_exclusively(
    descriptor: int, directory: int, name: str, is_cancelled: Callable[[], bool] = lambda: False
) -> int:
    """Copies an open file to a new file `name` (0600) and returns a descriptor of it, open for reading.

    Raises FileExistsError when the name is taken, CaptureFailed when `is_cancelled` said so, OSError otherwise;
    then no file is left.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    copy = os.open(name, flags, 0o600, dir_fd=directory)
    try:
        position = 0
        while block := os.pread(descriptor, COPY_BYTES, position):
            if is_cancelled():
                raise CaptureFailed("the copy to the destination was cancelled", code="cancelled")
            view = memoryview(block)
            while view:
                view = view[os.write(copy, view) :]
            position += len(block)
    except (OSError, CaptureFailed):
        os.close(copy)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=directory)
        raise
    return copy
