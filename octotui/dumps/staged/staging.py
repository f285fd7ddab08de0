"""Where a dump is while it is written: a private directory of the user who writes it, left as soon as it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Collection
from pathlib import Path

from octotui.dumps.disk.acting import Actor, close_quietly
from octotui.dumps.disk.clearing import claim, clear
from octotui.dumps.staged.journal import STAGING_NAME
from octotui.dumps.staged.places import Place, place_of
from octotui.errors import CaptureFailed

PREFIX = ".octotui-"

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Staging:
    """One staging directory (0700, the writer's) with one dump in it. Every access goes through descriptors.

    In a place that is ours root makes and removes the directory. Elsewhere the writer does, that is root with no more
    than the writer's rights: whatever the writer puts in its place, nothing is reached that the writer cannot reach.
    """

    def __init__(self, place: Place, way: int, descriptor: int, name: str, file: str, is_resumed: bool = False) -> None:
        self.place = place
        self.directory = place.outside / name
        self.name = file
        self._way = way
        self._descriptor = descriptor
        self._is_resumed = is_resumed
        self._taken: tuple[int, int] | None = None

    @classmethod
    def make(cls, place: Place, name: str) -> Staging:
        """Creates the directory. Raises CaptureFailed when it cannot be made."""
        directory = f"{PREFIX}{secrets.token_hex(8)}"
        try:
            way = place.open()
            try:
                descriptor = place.keeper.do(lambda: _made(way, directory))
                if place.is_ours and not place.writer.is_us:
                    os.fchown(descriptor, place.writer_uid, place.writer_gid)
            except BaseException:
                os.close(way)
                raise
        except OSError as error:
            raise CaptureFailed(
                f"no staging directory can be made in {place.outside} ({error.strerror})",
                hint="choose another --output DIR",
                code="unwritable" if error.errno != errno.ENOSPC else "disk-full",
            ) from error
        staging = cls(place, way, descriptor, directory, name)
        found = os.fstat(descriptor)
        if found.st_uid != place.writer_uid or stat.S_IMODE(found.st_mode) & 0o077:
            staging.close()
            raise CaptureFailed(f"{staging.directory} was swapped while it was made", code="tampered")
        return staging

    @classmethod
    def reopen(cls, directory: Path, name: str, device: int, inode: int, writer_uid: int) -> Staging | None:
        """The staging directory of an earlier octotui, or None when it is gone or another one."""
        if not STAGING_NAME.fullmatch(directory.name):
            return None
        place = place_of(directory.parent, writer_uid)
        try:
            way = place.open()
        except OSError:
            return None
        try:
            descriptor = place.keeper.do(lambda: os.open(directory.name, _DIRECTORY, dir_fd=way))
        except OSError:
            os.close(way)
            return None
        found = os.fstat(descriptor)
        staging = cls(place, way, descriptor, directory.name, name, is_resumed=True)
        if (found.st_dev, found.st_ino) != (device, inode):
            staging.close()
            return None
        return staging

    @property
    def inside_path(self) -> str:
        """The file as the writer sees it. Its plain name holds nothing that a tool could take for a placeholder."""
        return f"{self.place.inside.rstrip('/')}/{self.directory.name}/{self.name}"

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of the directory."""
        found = os.fstat(self._descriptor)
        return found.st_dev, found.st_ino

    @property
    def descriptor(self) -> int:
        """The open directory, to look at what lies in it; -1 once it is removed or closed."""
        return self._descriptor

    def open_file(self) -> int:
        """The file, for reading: regular, the writer's, with no other name. Raises OSError when there is none such."""
        found = os.fstat(self._descriptor)
        is_claimed = self.place.is_ours and found.st_uid == os.geteuid()
        actor = self.place.keeper if is_claimed else self.place.writer
        if self._taken is not None and not is_claimed:
            return self._reopened_taken(actor, self._taken)
        # An octotui that was ended after it took the file over left it root's, in a directory that only root changes.
        allowed = {self.place.writer_uid, os.geteuid()} if is_claimed and self._is_resumed else {self.place.writer_uid}
        return actor.do(lambda: _opened(self._descriptor, self.name, allowed))

    def was_taken_over(self, device: int, inode: int) -> None:
        """Says which file an octotui that was ended had made its own, in a directory that its writer can change."""
        self._taken = (device, inode)

    def _reopened_taken(self, actor: Actor, identity: tuple[int, int]) -> int:
        """That very file, whether it was made ours already or not. What stands in its place by now is not opened."""
        found = actor.do(lambda: os.open(self.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._descriptor))
        try:
            status = os.fstat(found)
            is_plain = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
            is_known = (status.st_dev, status.st_ino) == identity
            if not (is_plain and is_known and status.st_uid in (self.place.writer_uid, os.geteuid())):
                raise OSError(errno.EPERM, "it is not the file that was taken over")
            return os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        finally:
            os.close(found)

    def take_over(self) -> tuple[int, bool]:
        """The written file, now ours alone, and whether nobody can change it any more (no writer has it open).

        From here on the writer can change nothing in it. Raises CaptureFailed when there is no such file.
        """
        try:
            if self.place.is_ours:
                claim(self._descriptor)
            descriptor = self.open_file()
        except FileNotFoundError as error:
            raise CaptureFailed("the tool reported success but left no dump", code="no-file") from error
        except OSError as error:
            raise CaptureFailed(
                "what stands at the place of the dump is not a plain file of the target's user",
                hint="do not trust that process; nothing was taken from it",
                code="tampered",
            ) from error
        try:
            os.fchmod(descriptor, 0o600)
            if not self.place.writer.is_us:
                os.fchown(descriptor, os.geteuid(), os.getegid())
        except OSError as error:
            os.close(descriptor)
            raise CaptureFailed(f"the dump cannot be taken from its writer ({error.strerror})", code="take") from error
        return descriptor, self.place.writer.is_us or not _has_writer(descriptor)

    def forget_file(self) -> None:
        """Takes away the name of the file in this directory. Raises OSError."""
        is_claimed = self.place.is_ours and os.fstat(self._descriptor).st_uid == os.geteuid()
        actor = self.place.keeper if is_claimed else self.place.writer
        actor.do(lambda: os.unlink(self.name, dir_fd=self._descriptor))

    def is_being_written(self) -> bool:
        """True while some process has the file open for writing, where the file system can tell."""
        try:
            descriptor = self.open_file()
        except OSError:
            return False
        try:
            return _has_writer(descriptor, when_unknown=False)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """The directory with everything in it, and the descriptors. Never raises; may be called twice."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):
            self.place.keeper.do(self._remove)
        self.close()

    def _remove(self) -> None:
        if self.place.is_ours:
            claim(self._descriptor)
        else:
            os.fchmod(self._descriptor, 0o700)
        clear(self._descriptor, self.place.writer_uid, is_claimed=self.place.is_ours)
        name = self.directory.name
        found = os.stat(name, dir_fd=self._way, follow_symlinks=False)
        if (found.st_dev, found.st_ino) == self.identity:
            os.rmdir(name, dir_fd=self._way)
        if self.place.is_transient:
            with contextlib.suppress(OSError):
                self.place.outside.rmdir()

    def close(self) -> None:
        if self._descriptor >= 0:
            close_quietly(self._descriptor)
            close_quietly(self._way)
            self._descriptor = self._way = -1


def _made(way: int, name: str) -> int:
    os.mkdir(name, 0o700, dir_fd=way)
    return os.open(name, _DIRECTORY, dir_fd=way)


def _opened(directory: int, name: str, owners: Collection[int]) -> int:
    """Looks first and opens then: to open a pipe or a device has effects of its own."""
    found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        status = os.fstat(found)
        if not stat.S_ISREG(status.st_mode) or status.st_uid not in owners or status.st_nlink != 1:
            raise OSError(errno.EPERM, "it is not the file that was asked for")
        return os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.close(found)


def _has_writer(descriptor: int, *, when_unknown: bool = True) -> bool:
    """Whether anybody has the file open for writing: the kernel grants a read lease only when nobody has."""
    import fcntl
    import signal

    try:
        # Who opens the file for writing just now breaks the lease: its signal must be one that ends nobody.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else when_unknown
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
