"""The journal of captures under way: one small file each, so that a later octotui can finish or clear what was left."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from octotui.dumps.disk.directories import check_unchangeable, make_private, open_directory
from octotui.dumps.disk.files import read_json, write_json
from octotui.dumps.targets.target import read_status
from octotui.errors import StoreError
from octotui.processes.model import ProcessKey

SCHEMA = 1
SUFFIX = ".json"
STAGING_NAME = re.compile(r"\.octotui-[0-9a-f]{16}")
LOCK_SECONDS = 10.0
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_LIMITS = {"device": 64, "inode": 64, "file_device": 64, "file_inode": 64, "owner_pid": 31, "target_pid": 31}
_BITS = 62
_KINDS = {"staging": str, "file": str, "destination": str, "name": str, "boot": str, "record": dict}
_FLAGS = frozenset({"is_captured", "was_stopped", "is_held", "is_common"})
_ADDED = {"expected_bytes": 0, "was_stopped": True, "is_held": False, "boot": "", "file_device": 0, "file_inode": 0,
          "is_common": False}  # fmt: skip
"""Fields that entries of earlier versions lack, with what is safe to take for them."""

_HALF_WRITTEN = re.compile(r"\..+-([0-9]{1,10})-([0-9]{1,19})\.json\.[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A capture as it was begun.

    `owner_pid` and `owner_started` name the octotui; `staging` is its directory with `device` and `inode`; `name` is
    what the dump shall be called in `destination`; `record` is its record as far as it was known. Once the dump
    stands there, `is_captured` is set, `name` is what it is called, and only its digest is still to come.
    `expected_bytes` is the estimate of its size, 0 for none. `was_stopped`: someone had stopped the target before, so
    it is not continued; `is_held`: octotui itself holds it still while it is captured. `file_device` and `file_inode`
    name the written file just before it was taken from its writer, 0 until then. `boot` is the boot that pids and
    start ticks are of, "" when it is not known. `is_common`: the directory is not of one capture, but takes the files
    that tracers write until each is captured by an entry of its own; what is left in it is of no worth.
    """

    owner_pid: int
    owner_started: int
    target_pid: int
    target_started: int
    namespace_pid: int
    staging: str
    device: int
    inode: int
    file: str
    writer_uid: int
    destination: str
    name: str
    record: Mapping[str, Any]
    is_captured: bool = False
    expected_bytes: int = 0
    was_stopped: bool = False
    is_held: bool = False
    boot: str = ""
    file_device: int = 0
    file_inode: int = 0
    is_common: bool = False

    @property
    def is_of_this_boot(self) -> bool:
        """Whether its pids can still mean the processes that it was written for."""
        return self.boot in ("", boot_id())

    @property
    def target(self) -> ProcessKey:
        return ProcessKey(self.target_pid, self.target_started)

    @property
    def is_owner_alive(self) -> bool:
        return self.is_of_this_boot and _lives(self.owner_pid, self.owner_started)


class Journal:
    """The journal in `directory`, which only its user can read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, token: str, entry: Entry) -> None:
        """Raises StoreError when it cannot be written."""
        descriptor = make_private(self._directory)
        try:
            write_json(descriptor, token + SUFFIX, {"schema": SCHEMA, **asdict(entry)}, is_durable=entry.is_captured)
        except OSError as error:
            raise StoreError(
                f"the journal in {self._directory} cannot be written ({error.strerror})", hint="free some space there"
            ) from error
        finally:
            os.close(descriptor)

    def remove(self, token: str) -> None:
        with contextlib.suppress(OSError):
            (self._directory / (token + SUFFIX)).unlink()

    def entries(self) -> dict[str, Entry]:
        """Every readable entry by its token. Others are left alone.

        Raises StoreError when someone else can change the journal or the directory that it lies in: what an entry
        says is done with our rights.
        """
        found: dict[str, Entry] = {}
        check_unchangeable(self._directory.parent)
        check_unchangeable(self._directory)
        try:
            directory = open_directory(self._directory)
        except OSError:
            return found
        try:
            for name in sorted(os.listdir(directory)):
                if name.endswith(SUFFIX) and not name.startswith(".") and _is_own_file(name, directory):
                    entry = _parsed(read_json(name, directory))
                    if entry is not None:
                        found[name.removesuffix(SUFFIX)] = entry
        finally:
            os.close(directory)
        return found

    def under_way(self) -> dict[ProcessKey, Entry]:
        """Captures of octotuis that still run, by target."""
        found = [e for e in self.entries().values() if not e.is_captured and not e.is_common]
        return {e.target: e for e in found if e.is_owner_alive}

    def sweep(self) -> None:
        """Removes what octotuis that run no more were writing when they were ended: notes that got no name."""
        with contextlib.suppress(OSError):
            for name in os.listdir(self._directory):
                found = _HALF_WRITTEN.fullmatch(name)
                if found and not _lives(int(found[1]), int(found[2])):
                    with contextlib.suppress(OSError):
                        (self._directory / name).unlink()

    @contextlib.contextmanager
    def locked(self) -> Iterator[bool]:
        """Inside, no other octotui settles anything. False when another one does so for long; a kill unlocks."""
        try:
            descriptor = open_directory(self._directory)
        except OSError:
            yield True
            return
        try:
            yield _locked(descriptor)
        finally:
            os.close(descriptor)


def new_token(staging_name: str) -> str:
    """What a capture of this octotui is called in the journal: its owner can be told by the name alone."""
    pid, started = own_identity()
    return f"{staging_name.lstrip('.')}-{pid}-{started}"


def own_identity() -> tuple[int, int]:
    """Pid and start ticks of this octotui."""
    pid = os.getpid()
    status = read_status(pid)
    return pid, status.started if status else 0


@functools.cache
def boot_id() -> str:
    """What names this boot of the host; "" where the kernel does not tell."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _lives(pid: int, started: int) -> bool:
    status = read_status(pid)
    return status is not None and status.started == started and status.state not in "ZX"


def _locked(descriptor: int) -> bool:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        except OSError:
            # A file system without locks: what is settled twice is settled alike.
            return True
        else:
            return True


def _is_own_file(name: str, directory: int) -> bool:
    """Nobody else can change `directory`, so it stays the file that was looked at."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1


def _parsed(document: Mapping[str, Any] | None) -> Entry | None:
    """The entry, or None for what no octotui up to this one has written."""
    if document is None or document.get("schema") != SCHEMA:
        return None
    values: dict[str, Any] = {}
    for field in fields(Entry):
        value = document.get(field.name, _ADDED.get(field.name))
        if not _fits(field.name, value):
            return None
        values[field.name] = value
    directories = (values["staging"], values["destination"])
    if not all(path.startswith("/") and ".." not in path.split("/") for path in directories):
        return None
    if not all(
        0 < len(name) <= 255 and "/" not in name and name[0] != "." for name in (values["file"], values["name"])
    ):
        return None
    if not STAGING_NAME.fullmatch(values["staging"].rpartition("/")[2]):
        return None
    return Entry(**values)


def _fits(name: str, value: object) -> bool:
    """Whether a value is of its field's kind and can be handed to the kernel."""
    if name in _FLAGS:
        return isinstance(value, bool)
    kind = _KINDS.get(name, int)
    if not isinstance(value, kind) or isinstance(value, bool):
        return False
    if isinstance(value, int):
        return 0 <= value < 1 << _LIMITS.get(name, _BITS)
    return not isinstance(value, str) or "\0" not in value
