"""Places for staging directories: which directory a target's user can write a dump to, and whom it depends on."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from octotui.dotnet.access import Identity
from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.disk.acting import Actor, open_way, open_way_below
from octotui.dumps.disk.directories import passage
from octotui.dumps.rights import Rights
from octotui.errors import Refused
from octotui.text import printable

_THROUGH_ROOT = re.compile(r"(/proc/[0-9]+/root)(/.*)")
_NO_GROUP = 65534

TRANSIENT_NAME = re.compile(r"octotui-[0-9]+-[0-9a-f]{8}")
"""A directory in memory that holds staging directories: named by its user and the state directory."""


@dataclass(frozen=True, slots=True)
class Place:
    """A directory in which a staging directory can be made: as octotui reaches it and as the writer sees it.

    `is_ours`: nobody but octotui's user and root can change the directory or the way to it. `is_transient`: the
    directory itself goes when nothing is left in it.
    """

    outside: Path
    inside: str
    writer_uid: int
    writer_gid: int
    is_ours: bool = False
    groups: tuple[int, ...] = ()
    is_transient: bool = False

    @property
    def writer(self) -> Actor:
        """Who writes the dump."""
        return Actor(self.writer_uid, self.writer_gid, self.groups)

    @property
    def keeper(self) -> Actor:
        """Who makes and removes the staging directory."""
        return Actor(os.geteuid(), os.getegid()) if self.is_ours else self.writer

    def open(self) -> int:
        """A descriptor (O_PATH) of the directory, reached with the keeper's rights. Raises OSError."""
        through = _THROUGH_ROOT.fullmatch(str(self.outside))
        if through is None:
            return self.keeper.do(lambda: open_way(str(self.outside)))
        # The target's own root: its links would lead through octotui's root, so none is followed below it.
        root = open_way(through[1])
        try:
            return self.writer.do(lambda: open_way_below(root, through[2]))
        finally:
            os.close(root)


def place_of(directory: Path, writer_uid: int) -> Place:
    """The place that a staging directory of an earlier octotui lies in."""
    gid = os.getegid() if writer_uid == os.geteuid() else _NO_GROUP
    ours = is_ours(directory)
    is_transient = ours and TRANSIENT_NAME.fullmatch(directory.name) is not None
    return Place(directory, str(directory), writer_uid, gid, is_ours=ours, is_transient=is_transient)


def is_ours(directory: Path) -> bool:
    """Whether nobody but root and octotui's user can change the directory or anything on the way to it."""
    if _THROUGH_ROOT.fullmatch(str(directory)):
        return False
    us = os.geteuid()
    if passage(directory, Identity(us, os.getegid(), overrides_modes=us == 0)).untrusted:
        return False
    try:
        found = os.stat(directory)
    except OSError:
        return False
    return found.st_uid == us and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def own_place(destination: Path, common: Path) -> Place:
    """Where octotui itself writes a dump: in the destination, where nobody else can change that, else in `common`."""
    directory = destination if is_ours(destination) else common
    return Place(directory, str(directory), os.geteuid(), os.getegid(), is_ours=is_ours(directory))


def choose_place(facts: RuntimeFacts, rights: Rights, destination: Path, common: Path) -> Place:
    """The first of: the destination, `common`, the target's temp directory, which the writer can reach safely.

    The writer is the target's user, since it is the target or a tool with its rights that writes. Raises Refused
    when there is none.
    """
    uid, gid = (facts.uid, facts.gid) if rights.is_root else (rights.uid, rights.gid)
    groups = tuple(facts.groups) if uid != os.geteuid() else ()
    who = Identity(uid, gid, facts.groups, overrides_modes=uid == 0)
    if facts.same_mounts:
        for directory in (destination, common, Path(facts.temp_directory)):
            way = passage(directory, who)
            if way.blocked or way.untrusted:
                continue
            ours = is_ours(directory)
            if ours or _may_write(directory, who):
                return Place(directory, str(directory), uid, gid, ours, groups)
        raise _refused(uid, "")
    outside = Path(f"/proc/{facts.key.pid}/root{facts.temp_directory}")
    place = Place(outside, facts.temp_directory, uid, gid, groups=groups)
    try:
        os.close(place.open())
    except OSError as error:
        shown = printable(facts.temp_directory)
        is_link = error.errno in (errno.ELOOP, errno.ENOTDIR)
        words = "it leads over a symbolic link or is no directory" if is_link else error.strerror
        raise _refused(uid, f": its temp directory {shown} is not used, since {words}") from error
    return place


def _may_write(directory: Path, who: Identity) -> bool:
    """By owner, group and other bits, as far as the directory is there."""
    try:
        found = os.stat(directory)
    except OSError:
        return False
    if who.overrides_modes:
        return stat.S_ISDIR(found.st_mode)
    if found.st_uid == who.uid:
        needed = 0o300
    elif found.st_gid == who.gid or found.st_gid in who.groups:
        needed = 0o030
    else:
        needed = 0o003
    return stat.S_ISDIR(found.st_mode) and found.st_mode & needed == needed


def _refused(uid: int, why: str) -> Refused:
    return Refused(
        f"there is no directory that uid {uid} can write a dump to safely{why}",
        hint=f"make one and name it with --output: install -d -m 700 -o {uid} DIR",
        code="no-staging",
    )
