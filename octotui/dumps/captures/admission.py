"""A written dump becomes a dump of the store: taken from its writer, verified, moved, recorded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octotui.dumps.disk.files import copy_exclusively, disk_full
from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.staging import Staging
from octotui.dumps.verifying.verify import DumpFacts, Expectation, verify_open
from octotui.errors import CaptureFailed, NotADump, is_disk_full


@dataclass(frozen=True, slots=True)
class Admitted:
    """A dump in its place. `descriptor` is open on it for reading; whoever gets this closes it."""

    path: Path
    facts: DumpFacts
    descriptor: int


class Admission:
    """Admits dumps to one destination, an open directory.

    `is_cancelled` is asked up to the moment of the move; `on_copied` hears the bytes of a copy that stand there.
    """

    def __init__(
        self,
        store: Store,
        descriptor: int,
        destination: Path,
        is_cancelled: Callable[[], bool] = lambda: False,
        on_copied: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._store = store
        self._descriptor = descriptor
        self._destination = destination
        self._is_cancelled = is_cancelled
        self._on_copied = on_copied

    def admit(
        self,
        staging: Staging,
        name: str,
        expect: Expectation,
        document: Callable[[Admitted], dict[str, Any]],
    ) -> Admitted:
        """The dump, now whole, ours, in its place, and recorded with what `document` makes of it. Blocks.

        `name` is what it shall be called; a suffix is added where that is taken. Raises CaptureFailed when the dump
        is not whole or the move was cancelled; then no file stands in the destination.
        """
        source, is_sealed = staging.take_over()
        try:
            facts = _verified(source, expect)
            if self._is_cancelled():
                raise CaptureFailed("it was cancelled", code="cancelled")
            name, placed = self._place(staging, source, name, is_sealed)
        except BaseException as error:
            os.close(source)
            if is_disk_full(error):
                raise disk_full(self._descriptor) from error
            raise
        try:
            if placed != source:
                os.close(source)
                # Its source may have been changed meanwhile.
                facts = _verified(placed, expect)
            admitted = Admitted(self._destination / name, facts, placed)
            self.record(name, document(admitted))
            return admitted
        except BaseException:
            self._remove(name, placed)
            os.close(placed)
            raise

    def _place(self, staging: Staging, source: int, name: str, is_sealed: bool) -> tuple[str, int]:
        """The name that the dump got in the destination, and a descriptor of it: `source` itself, or a copy's."""
        name, copy = self._store.admit(
            source,
            self._descriptor,
            name,
            may_link=is_sealed,
            is_cancelled=self._is_cancelled,
            on_copied=self._on_copied,
        )
        if copy is not None:
            return name, copy
        try:
            if _has_one_name(staging, source):
                return name, source
        except BaseException:
            self._remove(name, source)
            raise
        # A file that someone else has a second name for is not taken; its bytes are.
        self._remove(name, source)
        return name, copy_exclusively(source, self._descriptor, name, self._is_cancelled, self._on_copied)

    def _remove(self, name: str, descriptor: int) -> None:
        """Takes the file behind `descriptor` out of the destination, unless `name` is another file's by now."""
        with contextlib.suppress(OSError):
            found = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            if os.path.samestat(found, os.fstat(descriptor)):
                os.unlink(name, dir_fd=self._descriptor)

    def record(self, name: str, document: dict[str, Any]) -> None:
        """Writes the record of the dump `name`, or writes it anew.

        A disk too full for the record does not cost the dump: the store lists it without one.
        """
        with contextlib.suppress(OSError):
            self._store.write_record(self._descriptor, name, document)


def _verified(descriptor: int, expect: Expectation) -> DumpFacts:
    try:
        return verify_open(descriptor, expect)
    except NotADump as error:
        raise CaptureFailed(
            f"the dump is not whole: {error.message}",
            hint="capture it again, or try another --backend",
            code="not-whole",
        ) from error


def _has_one_name(staging: Staging, source: int) -> bool:
    """Takes away the staged name and says whether the one in the destination is the only one left."""
    staging.forget_file()
    return os.fstat(source).st_nlink == 1
