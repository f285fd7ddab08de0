"""Staging in memory: a directory of our own below the host's shared memory, into which others cannot look or put."""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from pathlib import Path

from octotui.dotnet.access import Identity
from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.disk.directories import passage
from octotui.dumps.disk.filesystems import IN_MEMORY, file_system_of
from octotui.dumps.rights import Rights
from octotui.dumps.staged.places import Place
from octotui.errors import CaptureFailed
from octotui.text import printable

MEMORY = Path("/dev/shm")
HOME_MODE = 0o711

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def home_of(state: Path, memory: Path = MEMORY) -> Path:
    """Where staging directories in memory are made for the store with this state directory; a `TRANSIENT_NAME`."""
    return memory / f"octotui-{os.geteuid()}-{zlib.crc32(os.fsencode(state)):08x}"


def why_not_in_memory(facts: RuntimeFacts, home: Path) -> str:
    """Why no dump of this process can be written below `home`, in words; "" when it can. Changes nothing."""
    memory = home.parent
    shown = printable(str(memory))
    if not facts.same_mounts:
        return "it sees other files than octotui, so it cannot write to the host's memory"
    try:
        if file_system_of(memory).kind not in IN_MEMORY or not memory.is_dir():
            return f"{shown} does not lie in memory"
        if passage(memory, Identity(os.geteuid(), os.getegid(), overrides_modes=os.geteuid() == 0)).untrusted:
            return f"others can replace what lies in {shown}"
        if not os.access(memory, os.W_OK | os.X_OK):
            return f"you may not write to {shown}"
        try:
            found = os.lstat(home)
        except FileNotFoundError:
            return ""
    except OSError as error:
        return f"{shown} cannot be used ({error.strerror})"
    return _why_not_ours(found)


def is_our_home(home: Path) -> bool:
    """Whether `home` is a directory of our own that nobody else can change: no link, nothing that was planted."""
    try:
        return not _why_not_ours(os.lstat(home))
    except OSError:
        return False


def make_place(facts: RuntimeFacts, rights: Rights, home: Path) -> Place:
    """A place in memory for one staging directory; its home is made when it is absent.

    What somebody else planted under its name is never used. Raises OSError.
    """
    problem = why_not_in_memory(facts, home)
    if problem:
        raise OSError(problem)
    memory = os.open(home.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(home.name, 0o700, dir_fd=memory)
        descriptor = os.open(home.name, _OPEN, dir_fd=memory)
    finally:
        os.close(memory)
    try:
        problem = _why_not_ours(os.fstat(descriptor))
        if problem:
            raise OSError(problem)
        # The writer has to pass, and nobody has to look around. Set by hand: the umask and an older octotui differ.
        os.fchmod(descriptor, HOME_MODE)
    finally:
        os.close(descriptor)
    uid, gid = (facts.uid, facts.gid) if rights.is_root else (rights.uid, rights.gid)
    groups = tuple(facts.groups) if uid != os.geteuid() else ()
    return Place(home, str(home), uid, gid, is_ours=True, groups=groups, is_transient=True)


def _why_not_ours(found: os.stat_result) -> str:
    if not stat.S_ISDIR(found.st_mode):
        return "something that is no directory stands in its place in memory"
    if found.st_uid != os.geteuid():
        return f"uid {found.st_uid} has put a directory in its place in memory"
    if found.st_mode & _WRITABLE_BY_OTHERS:
        return "others can write to its directory in memory"
    return ""


def outgrown(pid: int) -> CaptureFailed:
    """The failure to tell when memory had no room for the rest of a dump."""
    return CaptureFailed(
        "the dump outgrew its place in memory; the target runs on",
        hint=f"octotui dump --staging disk {pid}",
        code="memory-full",
    )
