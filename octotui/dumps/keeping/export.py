"""A dump taken out of the store: a copy, compressed if wished, compared with its record on the way."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octotui.dumps.disk.directories import open_directory
from octotui.dumps.disk.files import begin_file, give_name, is_taken, remove_half_copy
from octotui.dumps.keeping.recheck import Told, blocks, compare_digest, open_dump
from octotui.dumps.keeping.records import RECORD_SUFFIX, DumpRecord
from octotui.dumps.keeping.store import Store
from octotui.errors import NotADump, StoreError, UsageError, is_disk_full
from octotui.text import printable, shell_quoted_path
from octotui.units import bytes_text

ZSTD_SUFFIX = ".zst"
_ZEROS = bytes(1 << 20)


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands at `path` (None: it went to a stream) and what of it could not be compared (`note`)."""

    record: DumpRecord
    path: Path | None
    bytes: int
    sha256: str
    note: str

    def as_json(self) -> dict[str, Any]:
        return {
            "name": printable(self.record.name),
            "path": str(self.path) if self.path else None,
            "bytes": self.bytes,
            "dump_bytes": self.record.size_bytes,
            "dump_sha256": self.sha256,
            "note": self.note,
        }


def export(
    store: Store, record: DumpRecord, destination: Path, *, level: int | None = None, on_read: Told = lambda count: None
) -> Exported:
    """Copies the dump to `destination`, a directory or a new file, and its record beside it; both 0600 and durable.

    `level` compresses with zstd. The copy has its name when it is whole and equal to what was recorded; nothing is
    overwritten, and nothing stays after a failure. Raises UsageError, StoreError (`disk-full` among them), NotADump.
    """
    source = open_dump(record)
    try:
        path = _file_for(store, record, destination, level)
        directory = _opened(path.parent)
        try:
            for name in (path.name, path.name + RECORD_SUFFIX):
                if is_taken(name, directory):
                    shown = _shown(path.parent / name)
                    raise UsageError(f"{shown} is there already, and nothing is overwritten", hint="name another file")
            return _into(directory, path, source, record, level, on_read)
        except OSError as error:
            raise _unwritable(path, directory, error) from error
        finally:
            os.close(directory)
    finally:
        os.close(source)


def stream(record: DumpRecord, write: Callable[[bytes], object], *, level: int | None, on_read: Told) -> Exported:
    """Hands the dump to `write`, piece by piece. Raises StoreError, NotADump when it was not what was recorded."""
    source = open_dump(record)
    try:
        written = 0

        def count(piece: bytes) -> None:
            nonlocal written
            write(piece)
            written += len(piece)

        sha256 = _pumped(source, record, count, level, on_read)
        return Exported(record, None, written, sha256, compare_digest(record, sha256)[1])
    finally:
        os.close(source)


def _file_for(store: Store, record: DumpRecord, destination: Path, level: int | None) -> Path:
    destination = destination.absolute()
    if destination.is_dir():
        destination = destination / (record.name + ("" if level is None else ZSTD_SUFFIX))
    with contextlib.suppress(OSError):
        if destination.parent.samefile(store.directory):
            raise UsageError("that is the store itself", hint="name a directory outside of it")
    return destination


def _opened(directory: Path) -> int:
    try:
        return open_directory(Path(os.path.realpath(directory)))
    except OSError as error:
        shown = _shown(directory)
        raise UsageError(f"{shown} is not there or cannot be used ({error.strerror})", hint=f"mkdir {shown}") from error


def _into(directory: int, path: Path, source: int, record: DumpRecord, level: int | None, on_read: Told) -> Exported:
    if level is None:
        _require_room(directory, path, os.fstat(source).st_blocks * 512)
    copy, has_name = begin_file(directory, path.name)
    is_named = False
    try:
        write = _writer(copy) if level is not None else _writer_with_holes(copy, source)
        sha256 = _pumped(source, record, write, level, on_read)
        size = os.lseek(copy, 0, os.SEEK_CUR)
        os.ftruncate(copy, size)
        os.fsync(copy)
        give_name(copy, directory, path.name, has_name=has_name)
        is_named = True
        _write_record(directory, path, record, level, size)
        os.fsync(directory)
    except BaseException:
        if is_named:
            _take_back(directory, path.name, copy)
        elif has_name:
            remove_half_copy(directory, path.name)
        raise
    finally:
        os.close(copy)
    return Exported(record, path, size, sha256, compare_digest(record, sha256)[1])


def _pumped(source: int, record: DumpRecord, write: Callable[[bytes], object], level: int | None, on_read: Told) -> str:
    """The SHA-256 of what was read. Raises NotADump at the end when that is not what was recorded."""
    digest = hashlib.sha256()

    def read() -> Iterator[memoryview]:
        for block in blocks(source, record, on_read):
            digest.update(block)
            yield block

    for piece in map(bytes, read()) if level is None else _compressed(read(), level):
        write(piece)
    difference, _ = compare_digest(record, digest.hexdigest())
    if difference:
        message = f"{printable(record.name)} is not what was recorded: {difference}"
        raise NotADump(message, hint=f"octotui dumps verify {shell_quoted_path(printable(record.name))}")
    return digest.hexdigest()


def _compressed(pieces: Iterator[memoryview], level: int) -> Iterator[bytes]:
    import zstandard

    compressor = zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj()
    for piece in pieces:
        if out := compressor.compress(piece):
            yield out
    yield compressor.flush()


def _writer(copy: int) -> Callable[[bytes], None]:
    def write(piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            view = view[os.write(copy, view) :]

    return write


def _writer_with_holes(copy: int, source: int) -> Callable[[bytes], None]:
    """Leaves holes where `source` has them, and only there: a whole createdump core with holes would count as cut."""
    plain = _writer(copy)

    def write(piece: bytes) -> None:
        position = os.lseek(copy, 0, os.SEEK_CUR)
        if piece == _ZEROS[: len(piece)] and _is_hole(source, position, position + len(piece)):
            os.lseek(copy, len(piece), os.SEEK_CUR)
        else:
            plain(piece)

    return write


def _is_hole(descriptor: int, start: int, end: int) -> bool:
    try:
        return os.lseek(descriptor, start, os.SEEK_DATA) >= end
    except OSError as error:
        return error.errno == errno.ENXIO


def _write_record(directory: int, path: Path, record: DumpRecord, level: int | None, size: int) -> None:
    compression = None if level is None else {"format": "zstd", "level": level, "bytes": size}
    document = {**record.data, "path": str(path), "exported_from": str(record.path), "compression": compression}
    text = json.dumps(document, indent=1, ensure_ascii=True) + "\n"
    name = path.name + RECORD_SUFFIX
    copy, has_name = begin_file(directory, name)
    try:
        _writer(copy)(text.encode("ascii"))
        os.fsync(copy)
        give_name(copy, directory, name, has_name=has_name)
    except BaseException:
        if has_name:
            remove_half_copy(directory, name)
        raise
    finally:
        os.close(copy)


def _take_back(directory: int, name: str, copy: int) -> None:
    with contextlib.suppress(OSError):
        if os.path.samestat(os.stat(name, dir_fd=directory, follow_symlinks=False), os.fstat(copy)):
            os.unlink(name, dir_fd=directory)


def _require_room(directory: int, path: Path, size: int) -> None:
    space = os.fstatvfs(directory)
    free = space.f_bavail * space.f_frsize
    if size > free:
        raise _full(path, f"it needs {bytes_text(size)} and the disk has {bytes_text(free)} free")


def _unwritable(path: Path, directory: int, error: OSError) -> StoreError | UsageError:
    if is_disk_full(error):
        return _full(path, "the disk is full")
    if isinstance(error, FileExistsError):
        return UsageError(f"{_shown(path)} is there already, and nothing is overwritten", hint="name another file")
    hint = "name another directory, or run with sudo"
    return StoreError(f"{_shown(path)} cannot be written ({error.strerror})", hint=hint)


def _full(path: Path, words: str) -> StoreError:
    hint = "free some space, name another directory, or compress it with --zstd"
    return StoreError(f"the dump cannot be exported to {_shown(path)}: {words}", hint=hint, code="disk-full")


def _shown(path: Path) -> str:
    return shell_quoted_path(printable(str(path)))
