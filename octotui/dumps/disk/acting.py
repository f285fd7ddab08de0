"""Acting as another user: what root does in a directory of someone else is done with that user's rights."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")

_SETGROUPS = {"x86_64": 116, "aarch64": 159}
_WAY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Actor:
    """The user whose rights count, with its groups."""

    uid: int
    gid: int
    groups: Collection[int] = ()

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()

    def do(self, work: Callable[[], _T]) -> _T:
        """`work()` with this user's rights to files: in a thread of its own, which ends with it.

        Raises what `work` raises, and PermissionError when octotui may not act as that user.
        """
        if self.is_us:
            return work()
        with ThreadPoolExecutor(1, "octotui-acting") as thread:
            return thread.submit(self._with_its_rights, work).result()

    def _with_its_rights(self, work: Callable[[], _T]) -> _T:
        libc = ctypes.CDLL(None, use_errno=True)
        number = _SETGROUPS.get(platform.machine())
        if number is None or self.uid < 0 or self.gid < 0:
            raise PermissionError(errno.EPERM, f"octotui cannot act as uid {self.uid} on this machine")
        # The raw call: glibc's own setgroups would change every thread of the process.
        groups = (ctypes.c_uint32 * len(self.groups))(*self.groups)
        if libc.syscall(ctypes.c_long(number), ctypes.c_long(len(self.groups)), groups) != 0:
            raise PermissionError(ctypes.get_errno(), f"octotui may not act as uid {self.uid}")
        # These two never fail aloud: asking for an impossible id tells which one is in force.
        for change, wanted in ((libc.setfsgid, self.gid), (libc.setfsuid, self.uid)):
            change(ctypes.c_uint32(wanted))
            if ctypes.c_uint32(change(ctypes.c_uint32(0xFFFFFFFF))).value != wanted:
                raise PermissionError(errno.EPERM, f"octotui may not act as uid {self.uid}")
        return work()


def open_way(path: str) -> int:
    """A descriptor (O_PATH) of the directory `path`; links on the way are followed. Raises OSError."""
    return os.open(path, _WAY)


def open_way_below(root: int, path: str) -> int:
    """A descriptor (O_PATH) of `path` below the open directory `root`. No link is followed and nothing leaves `root`.

    Raises OSError; ELOOP or ENOTDIR for a link on the way.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or not path.startswith("/"):
        raise OSError(errno.EINVAL, "its path is not a plain absolute one")
    reached = os.dup(root)
    for part in parts:
        before = reached
        try:
            reached = os.open(part, _WAY | os.O_NOFOLLOW, dir_fd=before)
        finally:
            os.close(before)
    return reached


def close_quietly(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)
