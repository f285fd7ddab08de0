"""What speaks for and against the directory that dumps go to: access, kind of disk, free space."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from octotui.dumps.directories import why_not_destination
from octotui.dumps.estimates import needed_bytes
from octotui.dumps.filesystems import IN_MEMORY, OVER_NETWORK, FileSystem, file_system_of, nearest_existing
from octotui.dumps.model import Remark, Severity, Step
from octotui.dumps.rights import Rights
from octotui.dumps.staging import choose_place
from octotui.dumps.store import Store
from octotui.errors import Refused
from octotui.text import printable, shell_quoted_path
from octotui.units import bytes_text


def remarks_on_destination(
    destination: Path, store: Store, steps: Sequence[Step], rights: Rights
) -> tuple[list[Remark], int]:
    """The remarks, and the bytes that are free there. Changes nothing: a directory that is absent is not made yet."""
    shown = shell_quoted_path(printable(str(destination)))
    try:
        problem, hint = why_not_usable(destination, is_store=destination == store.directory)
        if problem:
            return [Remark(Severity.REFUSAL, "destination", problem, hint)], 0
        disk = file_system_of(destination)
    except OSError as error:
        problem = f"{shown} cannot be looked at ({error.strerror})"
        return [Remark(Severity.REFUSAL, "destination", problem, "choose another --output DIR")], 0
    remarks = [_on_kind(disk, shown)] if disk.kind in IN_MEMORY | OVER_NETWORK else []
    if destination != store.directory and destination.is_dir():
        mode = stat.S_IMODE(destination.stat().st_mode)
        if mode & 0o077:
            message = f"{shown} is open to others (mode {mode:04o}); the dumps in it will be readable for you only"
            remarks.append(Remark(Severity.WARNING, "open-directory", message, f"chmod 700 {shown}"))
    if steps:
        remarks += _on_room(disk, shown, steps)
        remarks += _on_staging(disk, destination, store, steps, rights)
    return [remark for remark in remarks if remark], disk.free_bytes


def why_not_usable(destination: Path, *, is_store: bool) -> tuple[str, str]:
    """Why no dump can be put there, with the next step; two "" when it can. Changes nothing."""
    shown = shell_quoted_path(printable(str(destination)))
    if os.path.lexists(destination):
        status = os.lstat(destination)
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
    existing = nearest_existing(destination)
    if not existing.is_dir():
        return f"{shown} is not a directory", "choose another --output DIR"
    if not os.access(existing, os.W_OK | os.X_OK):
        return (
            f"you may not write to {shell_quoted_path(str(existing))}",
            "choose another --output DIR, or run with sudo",
        )
    return "", ""


def _on_kind(disk: FileSystem, shown: str) -> Remark:
    if disk.kind in IN_MEMORY:
        message = f"{shown} lies in memory ({disk.kind}): dumps there take memory from the host and are gone at reboot"
        return Remark(Severity.WARNING, "in-memory", message, "choose a directory on a disk with --output DIR")
    message = f"{shown} lies on a network file system ({disk.kind}): targets stand still for as long as it takes"
    return Remark(Severity.WARNING, "network", message, "choose a directory on a local disk with --output DIR")


def _on_room(disk: FileSystem, shown: str, steps: Sequence[Step]) -> list[Remark]:
    total = sum(step.estimate.bytes for step in steps)
    if disk.free_bytes >= needed_bytes(total):
        return []
    return [
        Remark(
            Severity.REFUSAL,
            "no-space",
            f"the dumps need about {bytes_text(total)} and {shown} has {bytes_text(disk.free_bytes)} free",
            "free some space, choose another directory with --output DIR, or use --type mini",
        )
    ]


def _on_staging(
    disk: FileSystem, destination: Path, store: Store, steps: Sequence[Step], rights: Rights
) -> list[Remark]:
    """Room on the other disk when a target can only write elsewhere, and the refusal when it can write nowhere."""
    remarks: list[Remark] = []
    for step in steps:
        try:
            place = choose_place(step.facts, rights, nearest_existing(destination), store.staging)
            other = file_system_of(place.outside)
        except Refused as error:
            remarks.append(Remark(Severity.REFUSAL, error.code, error.message, error.hint, step.target.key))
            continue
        except OSError:
            continue
        if other.device != disk.device and other.free_bytes < needed_bytes(step.estimate.bytes):
            message = (
                f"{step.target.name} {step.target.key.pid} can write its dump only to {place.outside}, "
                f"which has {bytes_text(other.free_bytes)} free; it needs about {bytes_text(step.estimate.bytes)}"
            )
            hint = "name a directory that its user can write to with --output DIR, or use --type mini"
            remarks.append(Remark(Severity.REFUSAL, "no-space", message, hint))
    return remarks
