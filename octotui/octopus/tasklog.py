"""The end of a task's `Output.log`, read anew when it has grown; its path comes from the process and is not trusted."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from octotui.octopus.logentries import LogEntry, raw_entries, shown_entries
from octotui.processes.model import ProcessKey
from octotui.text import printable

TAIL_BYTES = 64 * 1024
"""Bytes read from the end of a log."""
LOG_NAME = "Output.log"

_MOST_LINKS = 8
_MOST_PARTS = 128


@dataclass(frozen=True, slots=True)
class LogTail:
    """What stands at the end of a log. `path` is printable; `problem` says in a sentence why it cannot be read
    now, with `hint` as the next step; the entries are then those that were read last, for a work directory is removed
    soon after its task has ended.

    `skipped_bytes` stand before what was read; `strange` counts characters that are part of no entry and not shown.
    """

    path: str
    entries: tuple[LogEntry, ...] = ()
    size_bytes: int = 0
    skipped_bytes: int = 0
    strange: int = 0
    problem: str = ""
    hint: str = ""


class _Unsafe(Exception):
    """Why a file is not read."""


class TaskLog:
    """The log of the work directory that a process claims.

    A process chooses its directory and its command line, and this may run as root. So the way is walked from the
    process's own root directory without following a link that anybody but root made; the file must be a regular one,
    with a single name, and belong to the owner of its directory, who is one of `owners`: the users of the process and
    of the Octopus processes above it. And only entries of a log are ever shown of it.
    """

    def __init__(
        self, work_directory: str, key: ProcessKey, owners: Collection[int], *, proc: Path = Path("/proc")
    ) -> None:
        self.work_directory = work_directory
        self._key = key
        self._owners = frozenset(owners)
        self._proc = proc
        self._seen: tuple[int, int, int, int] | None = None
        self.tail = LogTail(self.path)
        """What was read last."""

    @property
    def path(self) -> str:
        return printable(f"{self.work_directory}/{LOG_NAME}")

    def read(self) -> LogTail:
        """The tail as it is now; the same object while the file has not changed. Blocks; raises nothing."""
        try:
            descriptor = self._open()
        except _Unsafe as refused:
            return self._failed(str(refused))
        except FileNotFoundError:
            return self._failed("There is no Output.log: the task has not written yet, or its output goes elsewhere")
        except PermissionError:
            return self._failed("Output.log is not permitted to this user", f"sudo octotui --pid {self._key.pid}")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            return self._failed(f"Output.log cannot be read: {printable(reason or str(error))}")
        try:
            return self._read(descriptor)
        except OSError as error:
            return self._failed(f"Output.log cannot be read: {printable(error.strerror or str(error))}")
        finally:
            os.close(descriptor)

    def _failed(self, problem: str, hint: str = "") -> LogTail:
        self._seen = None
        self.tail = replace(self.tail, problem=problem, hint=hint)
        return self.tail

    def _read(self, descriptor: int) -> LogTail:
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if identity == self._seen:
            return self.tail
        start = max(0, status.st_size - TAIL_BYTES)
        text = os.pread(descriptor, TAIL_BYTES, start).decode("utf-8-sig" if start == 0 else "utf-8", "replace")
        raw, strange = raw_entries(text)
        self._seen = identity
        # The cut may fall into an entry at both ends: its rest is nothing strange.
        is_cut = bool(start) or not text.rstrip().endswith("]")
        entries = shown_entries(raw)
        self.tail = LogTail(self.path, entries, status.st_size, start, 0 if is_cut and entries else strange)
        return self.tail

    def _open(self) -> int:
        """A descriptor of the log, checked. Raises OSError, ValueError, or _Unsafe with a sentence."""
        if not hasattr(os, "O_PATH"):
            raise _Unsafe("Task logs are read on Linux only")
        directory = self._directory()
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
            try:
                self._check(os.stat(LOG_NAME, dir_fd=directory, follow_symlinks=False), os.fstat(directory))
                descriptor = os.open(LOG_NAME, flags, dir_fd=directory)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise _Unsafe("Output.log is a link and is not followed") from error
                raise
            try:
                self._check(os.fstat(descriptor), os.fstat(directory))
            except _Unsafe:
                os.close(descriptor)
                raise
            return descriptor
        finally:
            os.close(directory)

    def _check(self, file: os.stat_result, directory: os.stat_result) -> None:
        if stat.S_ISLNK(file.st_mode):
            raise _Unsafe("Output.log is a link and is not followed")
        if not stat.S_ISREG(file.st_mode):
            raise _Unsafe("Output.log is not a regular file and is not read")
        if file.st_nlink != 1:
            raise _Unsafe("Output.log has a second name somewhere (a hard link) and is not read")
        if file.st_uid != directory.st_uid:
            raise _Unsafe(
                f"Output.log belongs to uid {file.st_uid} and its directory to uid {directory.st_uid}; it is not read"
            )
        if file.st_uid not in self._owners:
            raise _Unsafe(
                f"Output.log belongs to uid {file.st_uid}, who runs neither this process nor its task; it is not read"
            )

    def _directory(self) -> int:
        """An open work directory. Links on the way are followed only if root made them, within the process's root."""
        path = self.work_directory
        if not path.startswith("/") or "\0" in path:
            raise _Unsafe("The work directory is no absolute path")
        root = self._root()
        try:
            return _walk(root, path)
        finally:
            os.close(root)

    def _root(self) -> int:
        """The root directory of the process: it may live in a container. That of this host once it has ended."""
        flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
        home = self._proc / str(self._key.pid)
        try:
            root = os.open(home / "root", flags)
        except OSError:
            return os.open("/", flags)
        if _started(home) == self._key.started:
            return root
        os.close(root)
        return os.open("/", flags)


def _started(home: Path) -> int:
    try:
        return int((home / "stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return -1


def _walk(root: int, path: str) -> int:
    """A descriptor of the directory `path` below the open directory `root`, as a chroot would find it."""
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    reached = [os.dup(root)]
    waiting = _parts(path)
    links = 0
    try:
        while waiting:
            part = waiting.pop()
            if part == "..":
                if len(reached) > 1:
                    os.close(reached.pop())
                continue
            step = os.open(part, flags, dir_fd=reached[-1])
            reached.append(step)
            status = os.fstat(step)
            if stat.S_ISDIR(status.st_mode):
                continue
            if not stat.S_ISLNK(status.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            links += 1
            if status.st_uid != 0 or links > _MOST_LINKS:
                raise _Unsafe(f"A link on the way to Output.log is not followed: {printable(part, 80)}")
            target = os.readlink("", dir_fd=step)
            os.close(reached.pop())
            if target.startswith("/"):
                while len(reached) > 1:
                    os.close(reached.pop())
            waiting += _parts(target)
        return os.dup(reached[-1])
    finally:
        for descriptor in reached:
            os.close(descriptor)


def _parts(path: str) -> list[str]:
    """The components of a path, the first one last."""
    parts = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    if len(parts) > _MOST_PARTS:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    return parts
