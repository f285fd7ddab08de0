"""Directories that are safe to put a secret into: whose they are, who can pass, who can swap a part of the path."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from octotui.dotnet.access import Identity
from octotui.dotnet.pathwalk import walk
from octotui.errors import StoreError
from octotui.text import printable, shell_quoted_path

PRIVATE = 0o700
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def open_directory(path: Path) -> int:
    """A descriptor of the directory; a link at its last component is not followed. Raises OSError."""
    return os.open(path, _OPEN)


def make_with_parents(path: Path, mode: int) -> bool:
    """Creates the directory `path` with `mode` and its missing parents, whatever the umask; True when it was absent.

    Parents are closed to others, but root's can be passed by all, as other users write into its staging. An existing
    directory is left as it is. Raises OSError.
    """
    if os.path.lexists(path):
        return False
    if path.parent != path:
        make_with_parents(path.parent, 0o755 if os.geteuid() == 0 else PRIVATE)
    parent = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            os.mkdir(path.name, PRIVATE, dir_fd=parent)
        except FileExistsError:
            return False
        if mode != PRIVATE:
            descriptor = os.open(path.name, _OPEN, dir_fd=parent)
            try:
                os.fchmod(descriptor, mode)
            finally:
                os.close(descriptor)
    finally:
        os.close(parent)
    return True


def check_unchangeable(path: Path) -> None:
    """Raises StoreError when `path` is there and is not a directory that its user alone can change."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(path, error) from error
    shown = shell_quoted_path(printable(str(path)))
    us, mode = os.geteuid(), stat.S_IMODE(status.st_mode)
    if not stat.S_ISDIR(status.st_mode):
        raise StoreError(f"{shown} is not a directory of its own", hint=f"move it away: mv {shown} {shown}.old")
    if status.st_uid != us:
        # Root's store holds root's secrets: nobody else is told to take it over.
        hint = "sudo octotui dumps" if status.st_uid == 0 else f"sudo chown {us} {shown}"
        raise StoreError(f"{shown} belongs to uid {status.st_uid}, not to uid {us}", hint=hint)
    if mode & _WRITABLE_BY_OTHERS:
        raise StoreError(f"others can change {shown} (mode {mode:04o})", hint=f"chmod go-w {shown}")


def make_private(path: Path) -> int:
    """Creates `path` (0700) or takes it as it is when it is ours and 0700; returns a descriptor of it.

    Raises StoreError when it is a link, no directory, someone else's, or open to others.
    """
    return _made(path, _why_not_private)


def make_destination(path: Path) -> int:
    """As `make_private`, for a directory that a person named: another mode is taken where nobody can swap files in it.

    Raises StoreError when it is a link, no directory, or when others than its owner can write to it unhindered.
    """
    return _made(path, why_not_destination)


def _made(path: Path, why_not: Callable[[Path, os.stat_result], tuple[str, str]]) -> int:
    try:
        make_with_parents(path, PRIVATE)
        descriptor = open_directory(path)
    except OSError as error:
        raise _unusable(path, error) from error
    problem, hint = why_not(path, os.fstat(descriptor))
    if problem:
        os.close(descriptor)
        raise StoreError(problem, hint=hint)
    return descriptor


def why_not_destination(path: Path, status: os.stat_result) -> tuple[str, str]:
    """Why dumps may not be put there, with the next step; two "" when they may."""
    shown = shell_quoted_path(printable(str(path)))
    if stat.S_ISLNK(status.st_mode):
        return (
            f"{shown} is a symbolic link",
            f"name the directory itself: {shell_quoted_path(printable(os.path.realpath(path)))}",
        )
    if not stat.S_ISDIR(status.st_mode):
        return f"{shown} is not a directory", "choose another --output DIR"
    is_sticky = bool(status.st_mode & stat.S_ISVTX)
    if status.st_mode & _WRITABLE_BY_OTHERS and not is_sticky:
        mode = stat.S_IMODE(status.st_mode)
        return f"others can replace files in {shown} (mode {mode:04o})", f"chmod go-w {shown}, or another --output DIR"
    return "", ""


def _why_not_private(path: Path, status: os.stat_result) -> tuple[str, str]:
    shown = shell_quoted_path(printable(str(path)))
    if status.st_uid != os.geteuid():
        return (
            f"{shown} belongs to uid {status.st_uid}, not to uid {os.geteuid()}",
            f"sudo chown {os.geteuid()} {shown}",
        )
    if status.st_mode & 0o077:
        return f"{shown} is open to others (mode {stat.S_IMODE(status.st_mode):04o})", f"chmod 700 {shown}"
    return "", ""


def _unusable(path: Path, error: OSError) -> StoreError:
    shown = shell_quoted_path(printable(str(path)))
    if path.is_symlink():
        return StoreError(
            f"{shown} is a symbolic link",
            hint=f"name the directory itself: {shell_quoted_path(printable(os.path.realpath(path)))}",
        )
    if isinstance(error, NotADirectoryError | FileExistsError):
        return StoreError(f"{shown} is not a directory", hint="choose another --output DIR")
    return StoreError(
        f"{shown} cannot be used ({error.strerror})", hint="choose another --output DIR, or run with sudo"
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """What lies on the way to a directory for one user. `blocked` and `untrusted` name a component, "" for none.

    `blocked`: the user may not pass it. `untrusted`: someone other than root and that user can put another thing in
    its place, so what the user writes below it may end up elsewhere.
    """

    blocked: str = ""
    untrusted: str = ""


def passage(path: Path, who: Identity) -> Passage:
    """How `who` gets to the directory `path` and whom that way depends on."""
    trusted = {0, who.uid}
    untrusted = ""
    reached = "/"
    try:
        for component in walk(str(path)):
            reached = component.path
            status = component.status
            if component.is_directory and not who.may_execute(status):
                return Passage(blocked=reached, untrusted=untrusted)
            is_open = not component.is_link and status.st_mode & _WRITABLE_BY_OTHERS
            is_sticky = component.is_directory and status.st_mode & stat.S_ISVTX
            if not untrusted and (status.st_uid not in trusted or (is_open and not is_sticky)):
                untrusted = reached
    except (OSError, ValueError):
        return Passage(blocked=reached, untrusted=reached)
    return Passage(untrusted=untrusted)
