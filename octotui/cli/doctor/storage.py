"""The dump store: can it be written, is it private, has it room. Nothing is created by looking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from octotui.cli.doctor.check import Check, failure, ok, warning
from octotui.dumps.disk.filesystems import IN_MEMORY, OVER_NETWORK, FileSystem, file_system_of
from octotui.dumps.keeping.limits import Fullness, Limits
from octotui.dumps.keeping.usage import fullness
from octotui.dumps.plans.destination import why_not_usable
from octotui.text import printable
from octotui.units import bytes_text

LITTLE_BYTES = 2_000_000_000
"""Below this much free space a single heap dump of a busy Calamari may not fit."""

_ELSEWHERE = "octotui dump --output /a/directory/with/room ..."


def store(
    directory: Path,
    *,
    is_store: bool = True,
    look: Callable[[Path], FileSystem] = file_system_of,
    limits: Limits | None = None,
) -> list[Check]:
    """The checks of the directory that dumps go to, by the rules that a capture goes by; `limits` None: none."""
    try:
        disk = look(directory)
    except OSError as error:
        return [access(directory, is_store), warning("free space", f"cannot be told: {error.strerror}", "df -h")]
    state = fullness(directory, limits or Limits.none(), disk)
    quota = [within_quota(state, directory)] if is_store and state.quota_bytes else []
    return [access(directory, is_store), space(disk, state.keep_free_bytes), *quota, medium(disk)]


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


def space(disk: FileSystem, keep_free_bytes: int = 0) -> Check:
    """Whether a dump has room there beside what has to stay free."""
    free = bytes_text(disk.free_bytes)
    words = f"{free}, of which {bytes_text(keep_free_bytes)} have to stay free" if keep_free_bytes else free
    room = disk.free_bytes - keep_free_bytes
    if room < LITTLE_BYTES:
        fix = "octotui dumps prune --to-quota" if room < 0 else _ELSEWHERE
        return warning("free space", f"{words}: little for a heap dump", fix)
    return ok("free space", words)


def within_quota(state: Fullness, directory: Path) -> Check:
    """Whether the store may take another dump."""
    words = f"{bytes_text(state.used_bytes)} of {bytes_text(state.quota_bytes)} used in {printable(str(directory))}"
    left = state.quota_bytes - state.used_bytes
    if left < 0:
        return warning("quota", f"{words}: no dump is taken before room is made", "octotui dumps prune --to-quota")
    if left < LITTLE_BYTES:
        is_small = state.quota_bytes < LITTLE_BYTES
        fix = "octotui dump --quota 20GB ..." if is_small else f"octotui dumps prune --free {LITTLE_BYTES - left}"
        return warning("quota", f"{words}: little for a heap dump", fix)
    return ok("quota", words)


def medium(disk: FileSystem) -> Check:
    """Whether dumps there take memory, or have to cross a network while their targets stand still."""
    if disk.kind in IN_MEMORY:
        return warning("file system", f"{disk.kind}: dumps there take memory and are gone at a restart", _ELSEWHERE)
    if disk.kind in OVER_NETWORK:
        return warning("file system", f"{disk.kind}: targets stand still for as long as the network takes", _ELSEWHERE)
    return ok("file system", disk.kind or "its kind cannot be told")
