"""Files written whole or not at all, read within bounds, and names that are safe to use in a directory."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from octotui.dumps.holes import holes, written
from octotui.errors import CaptureFailed
from octotui.text import printable, shell_quoted_path
from octotui.units import bytes_text

COPY_BYTES = 4 << 20
SPACE_FLOOR_BYTES = 64 << 20
"""What a copy leaves free: a full disk harms the host."""

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
        # A path need not be UTF-8: ASCII holds its odd bytes as escapes, and reading gives them back.
        with open(descriptor, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=1, ensure_ascii=True)
            stream.write("\n")
            stream.flush()
            if is_durable:
                os.fsync(stream.fileno())
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise
    if is_durable:
        os.fsync(directory)


def read_json(name: str | Path, directory: int | None = None) -> dict[str, Any] | None:
    """The JSON object in a small regular file, or None when it is absent, damaged, too large, or something else."""
    try:
        descriptor = open_regular(name, os.O_RDONLY, directory)
        with open(descriptor, "rb") as stream:
            document = json.loads(stream.read(LARGEST_JSON + 1))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def open_regular(name: str | Path, flags: int, directory: int | None = None) -> int:
    """A descriptor of a regular file, opened without waiting and without following a link at its last component.

    New files are made 0600. Raises OSError when it cannot be opened or is something else.
    """
    descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600, dir_fd=directory)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(name))
    return descriptor


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

    Holes stay holes. Raises FileExistsError when the name is taken, CaptureFailed when `is_cancelled` said so or the
    disk has no room for it (`disk-full`), OSError otherwise; then no file is left.
    """
    size = os.fstat(descriptor).st_size
    _require_room(directory, size - sum(length for _, length in holes(descriptor, size)))
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    copy = os.open(name, flags, 0o600, dir_fd=directory)
    try:
        for start, end in written(descriptor, size):
            _copy_stretch(descriptor, copy, start, end, is_cancelled)
        os.ftruncate(copy, size)
    except BaseException as error:
        os.close(copy)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=directory)
        if is_disk_full(error):
            raise disk_full(directory) from error
        raise
    return copy


def _copy_stretch(source: int, copy: int, position: int, end: int, is_cancelled: Callable[[], bool]) -> None:
    while position < end and (block := os.pread(source, min(COPY_BYTES, end - position), position)):
        if is_cancelled():
            raise CaptureFailed("the copy to the destination was cancelled", code="cancelled")
        view = memoryview(block)
        while view:
            count = os.pwrite(copy, view, position)
            position += count
            view = view[count:]


def is_disk_full(error: BaseException) -> bool:
    """True for the errors of a disk, or of a user's share of it, that has no room left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(directory: int, words: str = "the disk is full") -> CaptureFailed:
    """The failure to tell when an open directory has no room for a dump."""
    place = shell_quoted_path(printable(os.readlink(f"/proc/self/fd/{directory}")))
    return CaptureFailed(
        f"the dump cannot be put into {place}: {words}",
        hint="free some space, choose another directory with --output DIR, or use --type mini",
        code="disk-full",
    )


def _require_room(directory: int, size: int) -> None:
    space = os.fstatvfs(directory)
    free = (space.f_bfree if os.geteuid() == 0 else space.f_bavail) * space.f_frsize
    if size > free - SPACE_FLOOR_BYTES:
        raise disk_full(directory, f"it needs {bytes_text(size)} and the disk has {bytes_text(free)} free")
