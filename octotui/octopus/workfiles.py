"""The few small files of an Octopus host that say more than the process table: task logs and the instance registry."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from octotui.octopus.instances import RegisteredInstance, parse_registration

LOG_HEAD_BYTES = 4096

_REGISTRIES = ("etc/octopus/Tentacle/Instances", "etc/octopus/OctopusServer/Instances")
_WINDOWS_REGISTRIES = ("Octopus/Tentacle/Instances", "Octopus/OctopusServer/Instances")
_REGISTRATION_BYTES = 65_536
_MOST_REGISTRATIONS = 200


class WorkFiles(Protocol):
    """Where facts come from that no command line has. Both methods block, and neither raises."""

    def log_head(self, work_directory: str) -> bytes:
        """The first bytes of `Output.log` in a work directory; empty when it cannot be read."""
        ...

    def instances(self) -> tuple[RegisteredInstance, ...]:
        """The registered instances; empty when the registry cannot be read."""
        ...


class NoWorkFiles:
    """No files at all: for recordings and for tests."""

    def log_head(self, work_directory: str) -> bytes:
        return b""

    def instances(self) -> tuple[RegisteredInstance, ...]:
        return ()


class HostWorkFiles:
    """The files of this host below `root`.

    Paths come from other people's processes: links are not followed at the file itself, only regular files are read,
    at most 4 KB of a log and 64 KB of an entry, and nothing waits for a pipe.
    """

    def __init__(self, root: Path = Path("/"), *, registries: tuple[Path, ...] | None = None) -> None:
        self._root = root
        self._registries = _default_registries(root) if registries is None else registries

    def log_head(self, work_directory: str) -> bytes:
        if not Path(work_directory).is_absolute() or ".." in work_directory:
            return b""
        path = self._root / Path(work_directory).relative_to(Path(work_directory).anchor) / "Output.log"
        return read_head(path, LOG_HEAD_BYTES)

    def instances(self) -> tuple[RegisteredInstance, ...]:
        return tuple(entry for directory in self._registries for entry in _registrations(directory))


def read_head(path: Path, size: int) -> bytes:
    """The first `size` bytes of a regular file that is no link; empty for everything else."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError):
        return b""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.read(descriptor, size)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _registrations(directory: Path) -> Iterator[RegisteredInstance]:
    try:
        with os.scandir(directory) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".config"))
    except OSError:
        return
    for name in names[:_MOST_REGISTRATIONS]:
        text = read_head(directory / name, _REGISTRATION_BYTES).decode("utf-8-sig", "replace")
        registration = parse_registration(text)
        if registration is not None:
            yield registration


def _default_registries(root: Path) -> tuple[Path, ...]:
    moved = os.environ.get("TentacleMachineConfigurationHomeDirectory", "")  # noqa: SIM112
    data = os.environ.get("PROGRAMDATA", "") if os.name == "nt" else ""
    found = [root / registry for registry in _REGISTRIES]
    if moved:
        found.append(Path(moved) / "Tentacle" / "Instances")
    if data:
        found += [Path(data) / registry for registry in _WINDOWS_REGISTRIES]
    return tuple(found)
