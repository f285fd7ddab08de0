"""Files written whole or not at all, read within bounds, and names that are safe to use in a directory."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from octotui.dumps.disk.holes import holes, written
from octotui.errors import CaptureFailed, is_disk_full
from octotui.text import printable, shell_quoted_path
from octotui.units import bytes_text

COPY_BYTES = 4 << 20
SPACE_FLOOR_BYTES = 64 << 20
"""What a copy leaves free: a full disk harms the host."""

LARGEST_JSON = 1 << 20
DEEPEST_JSON = 32
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


def is_on_disk(descriptor: int, directory: int) -> bool:
    """Waits until an open file and its name in an open directory outlive a power loss; False when the disk failed.

    A dump that failed here keeps its entry in the journal, so that the next recovery looks at it again.
    """
    for opened in (descriptor, directory):
        try:
            os.fsync(opened)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                return False
    return True


def read_json(name: str | Path, directory: int | None = None) -> dict[str, Any] | None:
    """The JSON object in a small regular file, or None when it is absent, damaged, too large or deep, or no such file.

    Numbers that JSON does not have (NaN, Infinity) count as damage.
    """
    try:
        descriptor = open_regular(name, os.O_RDONLY, directory)
        with open(descriptor, "rb") as stream:
            document = json.loads(stream.read(LARGEST_JSON + 1), parse_constant=_refuse, parse_float=_finite)
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and not _is_deep(document) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is out of range")
    return value


def _is_deep(document: object) -> bool:
    level = [document]
    for _ in range(DEEPEST_JSON):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


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
    descriptor: int,
    directory: int,
    name: str,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_copied: Callable[[int], None] = lambda count: None,
) -> int:
    """Copies an open file to a new file `name` (0600) and returns a descriptor of it, open for reading.

    The copy gets its name when it is whole: whoever is killed meanwhile leaves no half file under it. Holes stay holes.
    `on_copied` hears how many bytes stand there. Raises FileExistsError when the name is taken, CaptureFailed when
    `is_cancelled` said so or the disk has no room for it (`disk-full`), OSError otherwise; then no file is left.
    """
    if is_taken(name, directory):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    size = os.fstat(descriptor).st_size
    _require_room(directory, size - sum(length for _, length in holes(descriptor, size)))
    copy, has_name = begin_file(directory, name)
    try:
        for start, end in written(descriptor, size):
            _copy_stretch(descriptor, copy, start, end, is_cancelled, on_copied)
        os.ftruncate(copy, size)
        give_name(copy, directory, name, has_name=has_name)
    except BaseException as error:
        os.close(copy)
        if has_name:
            remove_half_copy(directory, name)
        if is_disk_full(error):
            raise disk_full(directory) from error
        raise
    return copy


def remove_half_copy(directory: int, name: str) -> None:
    """Removes what a killed `copy_exclusively` left where the file system has no files without a name."""
    with contextlib.suppress(OSError):
        os.unlink(_half_copy(name), dir_fd=directory)


def _half_copy(name: str) -> str:
    return f".{name[:200]}.half"


def is_taken(name: str, directory: int) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def begin_file(directory: int, name: str) -> tuple[int, bool]:
    """A new file without a name, or with that of a half copy where there is no such thing; and whether it has one."""
    with contextlib.suppress(OSError):
        return os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600, dir_fd=directory), False
    remove_half_copy(directory, name)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(_half_copy(name), flags, 0o600, dir_fd=directory), True


def give_name(copy: int, directory: int, name: str, *, has_name: bool) -> None:
    try:
        link_exclusively(copy, directory, name)
    except OSError as error:
        if not has_name or error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOENT, errno.EMLINK):
            raise
        # A file system without second names: the name is reserved with an empty file, which the copy then replaces.
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory))
        os.rename(_half_copy(name), name, src_dir_fd=directory, dst_dir_fd=directory)
        return
    if has_name:
        os.unlink(_half_copy(name), dir_fd=directory)


def _copy_stretch(
    source: int,
    copy: int,
    position: int,
    end: int,
    is_cancelled: Callable[[], bool],
    on_copied: Callable[[int], None],
) -> None:
    while position < end and (block := os.pread(source, min(COPY_BYTES, end - position), position)):
        if is_cancelled():
            raise CaptureFailed("the copy to the destination was cancelled", code="cancelled")
        view = memoryview(block)
        while view:
            count = os.pwrite(copy, view, position)
            position += count
            view = view[count:]
        on_copied(position)


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
    free = space.f_bavail * space.f_frsize
    if size > free - SPACE_FLOOR_BYTES:
        raise disk_full(directory, f"it needs {bytes_text(size)} and the disk has {bytes_text(free)} free")
