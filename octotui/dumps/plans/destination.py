"""What speaks for and against the directory that dumps go to: access, kind of disk, free space."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from octotui.dotnet.pathwalk import walk
from octotui.dumps.disk.directories import why_not_destination
from octotui.dumps.disk.filesystems import IN_MEMORY, OVER_NETWORK, FileSystem, file_system_of, nearest_existing
from octotui.dumps.estimating.estimates import needed_bytes
from octotui.dumps.keeping.limits import Bound, Limits
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.store import Store
from octotui.dumps.keeping.usage import used_bytes
from octotui.dumps.model import Remark, Severity, Step
from octotui.dumps.plans.room import Room
from octotui.dumps.rights import Rights
from octotui.dumps.staged.places import choose_place
from octotui.errors import Refused, StoreError
from octotui.processes.model import ProcessKey
from octotui.text import printable, shell_quoted_path
from octotui.units import bytes_text

IPC = "ipc"
_ELSEWHERE = "choose another --output DIR"
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Look(NamedTuple):
    """What was found at a destination. `free_bytes` is 0 where it cannot be used at all.

    `unplaced`: the targets whose dumps cannot be put there, and why; a refusal with their key stands in `remarks`.
    """

    remarks: tuple[Remark, ...]
    free_bytes: int
    unplaced: Mapping[ProcessKey, str]


def look_at_destination(
    destination: Path, store: Store, steps: Sequence[Step], rights: Rights, limits: Limits | None = None
) -> Look:
    """How `steps` fare at `destination` within `limits` (None: none). Changes nothing: no directory is made yet."""
    limits = limits or Limits.none()
    shown = _shown(destination)
    try:
        problem, hint = why_not_usable(destination, is_store=destination == store.directory)
        if problem:
            return Look((Remark(Severity.REFUSAL, "destination", problem, hint),), 0, {})
        disk = file_system_of(destination)
    except OSError as error:
        problem = f"{shown} cannot be looked at ({error.strerror})"
        return Look((Remark(Severity.REFUSAL, "destination", problem, _ELSEWHERE),), 0, {})
    remarks = [_on_kind(disk, shown)] if disk.kind in IN_MEMORY | OVER_NETWORK else []
    if destination != store.directory and destination.is_dir():
        remarks += _on_mode(destination.stat(), shown)
    refusals = _on_staging(disk, destination, store, steps, rights, limits)
    refused = {remark.key for remark in refusals}
    room = _room(disk, shown, destination, store, limits)
    refusals += room.refusals([step for step in steps if step.target.key not in refused])
    unplaced = {remark.key: remark.message for remark in refusals if remark.key is not None}
    return Look((*remarks, *refusals), disk.free_bytes, unplaced)


def why_not_usable(destination: Path, *, is_store: bool) -> tuple[str, str]:
    """Why no dump can be put there, with the next step; two "" when it can. Changes nothing."""
    shown = _shown(destination)
    existing = nearest_existing(destination)
    problem = _why_not_trusted(existing.absolute())
    if problem:
        return problem, _ELSEWHERE
    if os.path.lexists(destination):
        status = os.lstat(destination)
        problem, hint = _why_not_shared(shown, status)
        if not problem:
            problem, hint = why_not_destination(destination, status)
        if problem:
            return problem, hint
        if is_store and status.st_uid != os.geteuid():
            return (
                f"{shown} belongs to uid {status.st_uid}, not to uid {os.geteuid()}",
                f"sudo chown {os.geteuid()} {shown}",
            )
        if is_store and status.st_mode & 0o077:
            return f"{shown} is open to others (mode {stat.S_IMODE(status.st_mode):04o})", f"chmod 700 {shown}"
    if not existing.is_dir():
        return f"{shown} is not a directory", _ELSEWHERE
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"you may not write to {_shown(existing)}", f"{_ELSEWHERE}, or run with sudo"
    return "", ""


def _why_not_trusted(existing: Path) -> str:
    """Names the first part of the way to a directory with which another user could put something else in its place."""
    us = os.geteuid()
    for component in walk(str(existing)):
        status = component.status
        shown = _shown(Path(component.path))
        if status.st_uid not in (0, us):
            return f"{shown} belongs to uid {status.st_uid}, who could replace the dumps"
        is_open = component.is_directory and status.st_mode & _WRITABLE_BY_OTHERS and not status.st_mode & stat.S_ISVTX
        if us == 0 and is_open and component.path != str(existing):
            return f"others can write to {shown} (mode {stat.S_IMODE(status.st_mode):04o}) and could replace the dumps"
    return ""


def _why_not_shared(shown: str, status: os.stat_result) -> tuple[str, str]:
    """A directory in which everybody may put files, each his own: fit to hold a directory of dumps, not the dumps."""
    if not (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX and status.st_mode & _WRITABLE_BY_OTHERS):
        return "", ""
    return f"{shown} is shared with others, who see what is in it", f"use a directory inside it: {_inside(shown)}"


def _inside(shown: str) -> str:
    return f"--output {shown}/dumps-$USER"


def _on_mode(status: os.stat_result, shown: str) -> list[Remark]:
    mode = stat.S_IMODE(status.st_mode)
    if not mode & 0o077:
        return []
    message = f"{shown} is open to others (mode {mode:04o}); the dumps in it will be readable for you only"
    # A directory that root names may serve the whole host: closing it would break more than it mends.
    is_own = status.st_uid == os.geteuid() != 0
    hint = f"chmod 700 {shown}" if is_own else f"choose a directory of your own: {_inside(shown)}"
    return [Remark(Severity.WARNING, "open-directory", message, hint)]


def _on_kind(disk: FileSystem, shown: str) -> Remark:
    if disk.kind in IN_MEMORY:
        message = f"{shown} lies in memory ({disk.kind}): dumps there take memory from the host and are gone at reboot"
        return Remark(Severity.WARNING, "in-memory", message, "choose a directory on a disk with --output DIR")
    message = f"{shown} lies on a network file system ({disk.kind}): targets stand still for as long as it takes"
    return Remark(Severity.WARNING, "network", message, "choose a directory on a local disk with --output DIR")


def _room(disk: FileSystem, shown: str, destination: Path, store: Store, limits: Limits) -> Room:
    """The room at `destination`: the quota counts for the store alone, the floor everywhere."""
    is_store = _is_same(destination, store.directory)
    if not is_store:
        limits = replace(limits, quota=Bound())
    state = limits.fullness(
        used_bytes=used_bytes(store.directory) if limits.quota != Bound() else 0,
        free_bytes=disk.free_bytes,
        total_bytes=disk.total_bytes,
    )

    def dumps() -> Sequence[DumpRecord]:
        """Those of the store, where it lies on this disk."""
        try:
            is_beside = is_store or file_system_of(store.directory).device == disk.device
            return store.records() if is_beside else ()
        except (OSError, StoreError):
            return ()

    return Room(shown, state, dumps, _share(limits.quota), _share(limits.keep_free))


def _share(bound: Bound) -> str:
    """A bound as it is set, where its bytes do not say it."""
    return str(bound) if bound.percent else ""


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def _on_staging(
    disk: FileSystem, destination: Path, store: Store, steps: Sequence[Step], rights: Rights, limits: Limits
) -> list[Remark]:
    """Room on the other disk when a target can only write elsewhere, and the refusal when it can write nowhere."""
    remarks: list[Remark] = []
    for step in steps:
        try:
            existing = nearest_existing(destination)
            place = choose_place(step.facts, rights, existing, store.staging)
            other = file_system_of(place.outside)
        except Refused as error:
            remarks.append(Remark(Severity.REFUSAL, error.code, error.message, error.hint, step.target.key))
            continue
        except OSError:
            continue
        written_to = destination if place.outside == existing else place.outside
        if step.backend == IPC and not _is_unicode(str(written_to)):
            message = f"its runtime takes no path that is not UTF-8, and {_shown(written_to)} is not"
            hint = f"{_ELSEWHERE}, or use --backend createdump"
            remarks.append(Remark(Severity.REFUSAL, "destination", message, hint, step.target.key))
        elif other.device != disk.device and other.free_bytes < needed_bytes(step.estimate.bytes) + limits.keep_free.of(
            other.total_bytes
        ):
            kept = limits.keep_free.of(other.total_bytes)
            message = (
                f"it can write its dump only to {place.outside}, which has {bytes_text(other.free_bytes)} free"
                f"{f', of which {bytes_text(kept)} have to stay free' if kept else ''}; "
                f"it needs about {bytes_text(step.estimate.bytes)}"
            )
            hint = "name a directory that its user can write to with --output DIR, or use --type mini"
            remarks.append(Remark(Severity.REFUSAL, "no-space", message, hint, step.target.key))
    return remarks


def _is_unicode(path: str) -> bool:
    """Bytes that are not UTF-8 stand in a path as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in path)


def _shown(path: Path) -> str:
    return shell_quoted_path(printable(str(path)))
