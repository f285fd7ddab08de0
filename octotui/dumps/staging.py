"""Where a dump is while it is written: a private directory of the user who writes it, left as soon as it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from octotui.dotnet.access import Identity
from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.directories import open_directory, passage
from octotui.dumps.rights import Rights
from octotui.errors import CaptureFailed, Refused

PREFIX = ".octotui-"


@dataclass(frozen=True, slots=True)
class Place:
    """A directory in which a staging directory can be made: as octotui reaches it and as the writer sees it."""

    outside: Path
    inside: str
    writer_uid: int
    writer_gid: int


def choose_place(facts: RuntimeFacts, rights: Rights, destination: Path, common: Path) -> Place:
    """The first of: the destination, `common`, the target's temp directory, which the writer can reach safely.

    The writer is the target's user, since it is the target or a tool with its rights that writes. Raises Refused
    when there is none.
    """
    uid, gid = (facts.uid, facts.gid) if rights.is_root else (rights.uid, rights.gid)
    who = Identity(uid, gid, facts.groups, overrides_modes=uid == 0)
    if facts.same_mounts:
        for directory in (destination, common):
            way = passage(directory, who)
            if not way.blocked and not way.untrusted:
                return Place(directory, str(directory), uid, gid)
    outside = Path(facts.temp_directory)
    if not facts.same_mounts:
        outside = Path(f"/proc/{facts.key.pid}/root{facts.temp_directory}")
    if outside.is_dir() and not (uid == 0 and facts.same_mounts and passage(outside, who).untrusted):
        return Place(outside, facts.temp_directory, uid, gid)
    raise Refused(
        f"there is no directory that uid {uid} can write a dump to safely",
        hint=f"make one and name it with --output: install -d -m 700 -o {uid} DIR",
        code="no-staging",
    )


class Staging:
    """One staging directory (0700, the writer's) with one dump in it. Every access goes through its descriptor."""

    def __init__(self, place: Place, descriptor: int, directory: Path, name: str) -> None:
        self.place = place
        self.directory = directory
        self.name = name
        self._descriptor = descriptor

    @classmethod
    def make(cls, place: Place, name: str) -> Staging:
        """Creates the directory. Raises CaptureFailed when it cannot be made."""
        directory = place.outside / f"{PREFIX}{secrets.token_hex(8)}"
        try:
            directory.mkdir(mode=0o700)
            descriptor = open_directory(directory)
        except OSError as error:
            raise CaptureFailed(
                f"no staging directory can be made in {place.outside} ({error.strerror})",
                hint="choose another --output DIR",
                code="unwritable" if error.errno != errno.ENOSPC else "disk-full",
            ) from error
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            os.close(descriptor)
            raise CaptureFailed(f"{directory} was swapped while it was made", code="tampered")
        if place.writer_uid != os.geteuid():
            os.fchown(descriptor, place.writer_uid, place.writer_gid)
        return cls(place, descriptor, directory, name)

    @classmethod
    def reopen(cls, directory: Path, name: str, device: int, inode: int, writer_uid: int) -> Staging | None:
        """The staging directory of an earlier octotui, or None when it is gone or another one."""
        try:
            descriptor = open_directory(directory)
        except OSError:
            return None
        found = os.fstat(descriptor)
        if (found.st_dev, found.st_ino) != (device, inode):
            os.close(descriptor)
            return None
        return cls(Place(directory.parent, str(directory.parent), writer_uid, -1), descriptor, directory, name)

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
        return self._descriptor

    def open_file(self) -> int:
        """The file, for reading: regular, the writer's, with no other name. Raises OSError when there is none such."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(self.name, flags, dir_fd=self._descriptor)
        found = os.fstat(descriptor)
        allowed = {self.place.writer_uid, os.geteuid()}
        if not stat.S_ISREG(found.st_mode) or found.st_uid not in allowed or found.st_nlink != 1:
            os.close(descriptor)
            raise OSError(errno.EPERM, "it is not the file that was asked for")
        return descriptor

    def take_over(self) -> tuple[int, bool]:
        """The written file, now ours alone, and whether nobody can change it any more (no writer has it open).

        From here on the writer can put nothing else in its place. Raises CaptureFailed when there is no such file.
        """
        us, group = os.geteuid(), os.getegid()
        if self.place.writer_uid != us:
            os.fchown(self._descriptor, us, group)
        try:
            descriptor = self.open_file()
        except FileNotFoundError as error:
            raise CaptureFailed("the tool reported success but left no dump", code="no-file") from error
        except OSError as error:
            raise CaptureFailed(
                "what stands at the place of the dump is not a plain file of the target's user",
                hint="do not trust that process; nothing was taken from it",
                code="tampered",
            ) from error
        if os.fstat(descriptor).st_uid != us:
            os.fchown(descriptor, us, group)
        os.fchmod(descriptor, 0o600)
        return descriptor, self.place.writer_uid == us or not _has_writer(descriptor)

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
        """The directory with everything in it, and the descriptor. Never raises; may be called twice."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):
            if self.place.writer_uid != os.geteuid():
                os.fchown(self._descriptor, os.geteuid(), os.getegid())
        with contextlib.suppress(OSError):
            for name in os.listdir(self._descriptor):
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self._descriptor)
        identity = None
        with contextlib.suppress(OSError):
            identity = self.identity
        os.close(self._descriptor)
        self._descriptor = -1
        with contextlib.suppress(OSError):
            found = os.lstat(self.directory)
            if (found.st_dev, found.st_ino) == identity:
                self.directory.rmdir()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _has_writer(descriptor: int, *, when_unknown: bool = True) -> bool:
    """Whether anybody has the file open for writing: the kernel grants a read lease only when nobody has."""
    import fcntl

    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else when_unknown
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
