"""The dump store: a private directory of dumps with a record beside each. Nothing in it is ever overwritten."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from octotui.dumps.disk.directories import (
    check_unchangeable,
    make_destination,
    make_private,
    make_with_parents,
    open_directory,
)
from octotui.dumps.disk.files import copy_exclusively, link_exclusively, read_json, safe_word, write_json
from octotui.dumps.keeping.records import DUMP_SUFFIX, RECORD_SUFFIX, DumpRecord, parsed_time, problem_of
from octotui.dumps.model import Target
from octotui.errors import StoreError
from octotui.text import printable

MOST_NAMES = 1000


class Store:
    """`directory` holds the dumps; `state`, its parent unless named, holds history, journal and common staging."""

    def __init__(self, directory: Path, *, state: Path | None = None) -> None:
        self.directory = directory.absolute()
        self.state = state.absolute() if state else self.directory.parent

    @property
    def staging(self) -> Path:
        """Where dumps are written whose writer cannot reach their destination."""
        return self.state / "staging"

    @property
    def jobs(self) -> Path:
        """The journal of captures under way."""
        return self.state / "jobs"

    @property
    def history(self) -> Path:
        return self.state / "history.jsonl"

    def prepare(self, destination: Path | None = None) -> None:
        """Makes every directory that a capture needs. Raises StoreError with what stands in the way."""
        with contextlib.suppress(OSError):
            # Of root's, others may pass to the common staging, but not look around.
            make_with_parents(self.state, 0o711 if os.geteuid() == 0 else 0o700)
        self.check_state()
        os.close(make_private(self.directory))
        os.close(make_private(self.jobs))
        self._prepare_staging()
        if destination is not None and destination != self.directory:
            os.close(make_destination(destination))

    def check_state(self) -> None:
        """Raises StoreError when others can change the state or the journal, so that neither can be believed."""
        for directory in (self.state, self.jobs):
            check_unchangeable(directory)

    def _prepare_staging(self) -> None:
        try:
            make_with_parents(self.staging, 0o711)
            descriptor = open_directory(self.staging)
        except OSError as error:
            raise StoreError(
                f"{self.staging} cannot be used ({error.strerror})", hint="move what stands there away; it is made anew"
            ) from error
        try:
            found = os.fstat(descriptor)
            if found.st_uid != os.geteuid():
                raise StoreError(f"{self.staging} belongs to uid {found.st_uid}", hint=f"move {self.staging} away")
            if stat.S_IMODE(found.st_mode) != 0o711:
                os.fchmod(descriptor, 0o711)
        finally:
            os.close(descriptor)

    def open_destination(self, destination: Path) -> int:
        """A descriptor of the store or of another destination, checked. Raises StoreError."""
        return make_private(destination) if destination == self.directory else make_destination(destination)

    def admit(
        self,
        source: int,
        destination: int,
        name: str,
        *,
        may_link: bool,
        is_cancelled: Callable[[], bool],
        on_copied: Callable[[int], None] = lambda count: None,
    ) -> tuple[str, int | None]:
        """Gives the verified file `source` a name in `destination`: a new one, never an existing file's.

        Links where that is possible and `may_link`, else copies. Returns the name and, for a copy, its descriptor.
        Raises OSError, CaptureFailed when it was cancelled.
        """
        for candidate in _candidates(name):
            try:
                if may_link:
                    try:
                        link_exclusively(source, destination, candidate)
                        return candidate, None
                    except OSError as error:
                        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOENT, errno.EOPNOTSUPP):
                            raise
                return candidate, copy_exclusively(source, destination, candidate, is_cancelled, on_copied)
            except FileExistsError:
                continue
        raise StoreError(f"there are {MOST_NAMES} dumps called {name} already", hint="choose another --output DIR")

    def records(self) -> tuple[DumpRecord, ...]:
        """Every dump of the store and every lost one, newest first. A damaged record never hides its dump."""
        try:
            names = set(os.listdir(self.directory))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreError(
                f"{self.directory} cannot be read ({error.strerror})", hint="run it with sudo, or as its owner"
            ) from error
        found = [self._of_dump(name, name + RECORD_SUFFIX in names) for name in names if _is_dump(name)]
        found += [
            self._of_lost(name) for name in names if _is_record(name) and name[: -len(RECORD_SUFFIX)] not in names
        ]
        return tuple(sorted((record for record in found if record), key=lambda r: (r.taken_at, r.name), reverse=True))

    def _of_dump(self, name: str, has_record: bool) -> DumpRecord | None:
        path = self.directory / name
        status = _plain(path)
        if status is None:
            return None
        record_path = self.directory / (name + RECORD_SUFFIX)
        data = read_json(record_path) if has_record else None
        if data is None:
            problem = "its record is damaged" if has_record else "it has no record"
        else:
            problem = problem_of(data, status.st_size)
        return DumpRecord(
            path,
            record_path if data is not None else None,
            parsed_time((data or {}).get("captured_at")) or _written(status),
            status.st_size,
            data or {},
            problem,
            status.st_blocks * 512 if status.st_nlink == 1 else 0,
        )

    def _of_lost(self, name: str) -> DumpRecord | None:
        """A record without a dump. It is shown even when it cannot be read: something was there."""
        path = self.directory / name
        status = _plain(path)
        if status is None:
            return None
        data = read_json(path) or {}
        problem = "" if data.get("outcome") == "lost" else "its dump is gone" if data else "a damaged record, no dump"
        return DumpRecord(None, path, parsed_time(data.get("captured_at")) or _written(status), 0, data, problem)

    def remove(self, record: DumpRecord) -> None:
        """Removes a dump and its record. Raises StoreError when one of them stays, or does not lie in the store."""
        names = {record.name, (record.path.name + RECORD_SUFFIX) if record.path else record.name}
        for path in (record.path, record.record_path):
            if path is not None and path.parent != self.directory:
                raise StoreError(f"{printable(str(path))} is not in the store", hint=f"the store is {self.directory}")
        for name in sorted(names):
            try:
                (self.directory / name).unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreError(
                    f"{printable(name)} cannot be removed ({error.strerror})", hint="run it with sudo, or as its owner"
                ) from error

    def write_record(self, destination: int, dump_name: str, document: dict[str, Any]) -> None:
        """Writes the record of the dump `dump_name`. Raises OSError."""
        write_json(destination, dump_name + RECORD_SUFFIX, document)


def dump_name(target: Target, moment: datetime) -> str:
    """`Calamari-14220-20260930T101502Z.dmp`. What a hostile process calls itself cannot leave the directory."""
    word = safe_word(target.label or target.name)
    return f"{word}-{target.key.pid}-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}{DUMP_SUFFIX}"


def _written(status: os.stat_result) -> datetime:
    """When the file was written last; the epoch where its time makes no sense."""
    try:
        return datetime.fromtimestamp(max(0.0, min(status.st_mtime, 4e9)), UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _candidates(name: str) -> list[str]:
    stem = name.removesuffix(DUMP_SUFFIX)
    return [name, *(f"{stem}-{number}{DUMP_SUFFIX}" for number in range(2, MOST_NAMES + 1))]


def _plain(path: Path) -> os.stat_result | None:
    """The status of a regular file; None for what is none, or is gone. A link is not followed."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _is_dump(name: str) -> bool:
    return name.endswith(DUMP_SUFFIX) and not name.startswith(".")


def _is_record(name: str) -> bool:
    return name.endswith(DUMP_SUFFIX + RECORD_SUFFIX) and not name.startswith(".")
