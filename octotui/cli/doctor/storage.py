"""The dump store: can it be written, is it private, has it room. Nothing is created by looking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from octotui.cli.doctor.check import Check, failure, ok, warning
from octotui.dumps.destination import why_not_usable
from octotui.dumps.filesystems import IN_MEMORY, OVER_NETWORK, FileSystem, file_system_of
from octotui.text import printable
from octotui.units import bytes_text

LITTLE_BYTES = 2_000_000_000
"""Below this much free space a single heap dump of a busy Calamari may not fit."""

_ELSEWHERE = "octotui dump --output /a/directory/with/room ..."


def store(
    directory: Path, *, is_store: bool = True, look: Callable[[Path], FileSystem] = file_system_of
) -> list[Check]:
    """The checks of the directory that dumps go to, by the rules that a capture goes by."""
    try:
        disk = look(directory)
    except OSError as error:
        return [access(directory, is_store), warning("free space", f"cannot be told: {error.strerror}", "df -h")]
    return [access(directory, is_store), space(disk), medium(disk)]


def access(directory: Path, is_store: bool) -> Check:
    """Whether dumps can be kept there, out of the reach of other users."""
    name = printable(str(directory))
    try:
        problem, hint = why_not_usable(directory, is_store=is_store)
    except OSError as error:
        return failure("store", f"{name}: {error.strerror}", _ELSEWHERE)
    if problem:
        return failure("store", problem, hint)
    return ok("store", name if directory.exists() else f"{name}, made with the first dump")


def space(disk: FileSystem) -> Check:
    """Whether a dump has room there."""
    if disk.free_bytes < LITTLE_BYTES:
        return warning("free space", f"{bytes_text(disk.free_bytes)}: little for a heap dump", _ELSEWHERE)
    return ok("free space", bytes_text(disk.free_bytes))


def medium(disk: FileSystem) -> Check:
    """Whether dumps there take memory, or have to cross a network while their targets stand still."""
    if disk.kind in IN_MEMORY:
        return warning("file system", f"{disk.kind}: dumps there take memory and are gone at a restart", _ELSEWHERE)
    if disk.kind in OVER_NETWORK:
        return warning("file system", f"{disk.kind}: targets stand still for as long as the network takes", _ELSEWHERE)
    return ok("file system", disk.kind or "its kind cannot be told")
