"""The reading side of a recording: a file of unknown origin, checked whole when it is opened, its samples by number."""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from octotui.errors import UsageError
from octotui.processes.model import Sample
from octotui.processes.recordings.format import KEY_FRAME_EVERY, LONGEST_LINE
from octotui.processes.recordings.parsing import Header, is_key_line, next_sample, parse_header
from octotui.processes.recordings.values import BadLine, parse_line
from octotui.text import printable, shell_quoted_path

_MAGIC = b"\x1f\x8b"
_BLOCK = 64 * 1024
_LONGEST_HEADER = 64 * 1024
_LONGEST_GROUP = 10 * KEY_FRAME_EVERY
_GZIP = 31
_MOST_PARTS = 1000
_CUT_OFF = "The recording was cut off; it is shown up to its last whole sample"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a file is looked at: bytes of its text, bytes of it that are kept in memory, samples, and processes
    over all samples.
    """

    text: int = 2 << 30
    kept: int = 512 << 20
    samples: int = 1_000_000
    processes: int = 500_000_000


class Recording:
    """The samples of a recording. Lines are kept compressed, from one key frame to the next, and read when needed."""

    def __init__(self, header: Header, groups: list[bytes], starts: list[int], moments: array[float], cut: str) -> None:
        self.header = header
        self.moments = moments
        self.cut = cut
        self._groups = groups
        self._starts = starts
        self._latest: tuple[int, Sample] | None = None

    @classmethod
    def open(cls, path: Path, bounds: Bounds | None = None) -> Recording:
        """Reads and checks the file at `path`, compressed or not. Blocks for as long as it has text.

        A file that ends in the middle is shown up to there, and `cut` is the sentence about it. Raises UsageError for
        what is no recording, naming the line.
        """
        shown = shell_quoted_path(printable(str(path)))
        try:
            with _opened(path) as file:
                return _Reading(file, shown, bounds or Bounds()).recording()
        except OSError as error:
            raise UsageError(
                f"cannot read the recording {shown}: {error.strerror or error}", hint="octotui --record FILE makes one"
            ) from error

    def __len__(self) -> int:
        return len(self.moments)

    def sample(self, index: int) -> Sample:
        """The sample of that number, from 0 on. The next one after the one before costs least; blocks."""
        group = bisect_right(self._starts, index) - 1
        at, sample = self._starts[group] - 1, None
        if self._latest is not None and at < self._latest[0] <= index:
            at, sample = self._latest
        lines = zlib.decompress(self._groups[group]).split(b"\n")
        while at < index:
            at += 1
            sample = next_sample(parse_line(lines[at - self._starts[group]]), sample, self.header.host)
        assert sample is not None
        self._latest = (index, sample)
        return sample


class _Reading:
    """One pass over a file: every line is read as it will be when it is shown."""

    def __init__(self, file: FileIO, shown: str, bounds: Bounds) -> None:
        self._file = file
        self._shown = shown
        self._bounds = bounds
        self._cut = ""
        self._groups: list[bytes] = []
        self._starts: list[int] = []
        self._moments: array[float] = array("d")
        self._kept = self._processes = 0
        self._packer = zlib.compressobj(1)
        self._packed: list[bytes] = []

    def recording(self) -> Recording:
        lines = self._lines()
        header = self._header(next(lines, b""))
        last: Sample | None = None
        for number, line in enumerate(lines, start=2):
            if self._is_enough():
                self._cut = f"The recording is too long; only its first {len(self._moments)} samples are shown"
                break
            try:
                found = parse_line(line)
                last = next_sample(found, last, header.host)
                self._keep(line, is_key=is_key_line(found))
            except BadLine as problem:
                raise self._bad(number, str(problem)) from None
            self._moments.append(last.snapshot.monotonic)
            self._processes += len(last.snapshot.processes) + len(last.ghosts)
        if not self._moments:
            raise UsageError(f"the recording {self._shown} holds no sample", hint="octotui --record FILE makes one")
        self._finish_group()
        return Recording(header, self._groups, self._starts, self._moments, self._cut)

    def _is_enough(self) -> bool:
        bounds = self._bounds
        is_long = len(self._moments) >= bounds.samples or self._processes >= bounds.processes
        return is_long or self._kept >= bounds.kept

    def _header(self, line: bytes) -> Header:
        try:
            if len(line) > _LONGEST_HEADER:
                raise BadLine("its first line is too long")
            return parse_header(line)
        except BadLine as problem:
            raise UsageError(
                f"{self._shown} is not a recording that octotui can show: line 1: {problem}",
                hint="octotui --record FILE makes one",
            ) from None

    def _keep(self, line: bytes, *, is_key: bool) -> None:
        index = len(self._moments)
        if is_key:
            self._finish_group()
            self._starts.append(index)
        elif index - self._starts[-1] >= _LONGEST_GROUP:
            raise BadLine("the last key frame is too far back")
        data = self._packer.compress(line + b"\n")
        self._kept += len(data)
        self._packed.append(data)

    def _finish_group(self) -> None:
        if self._packed:
            last = self._packer.flush()
            self._kept += len(last)
            self._groups.append(b"".join((*self._packed, last)))
        self._packer, self._packed = zlib.compressobj(1), []

    def _lines(self) -> Iterator[bytes]:
        """The lines of the text, without their ends. Text after the last end of line is of a line that was cut off."""
        pieces: list[bytes] = []
        length = total = number = 0
        for block in self._blocks():
            block = block[: self._bounds.text - total]
            total += len(block)
            *ends, rest = block.split(b"\n")
            for end in ends:
                number += 1
                yield b"".join((*pieces, end))
                pieces, length = [], 0
            pieces.append(rest)
            length += len(rest)
            if length > LONGEST_LINE:
                raise self._bad(number + 1, "it is too long")
            if total >= self._bounds.text:
                self._cut = "The recording is too large; only its beginning is shown"
                return
        if length and not self._cut:
            self._cut = _CUT_OFF

    def _blocks(self) -> Iterator[bytes]:
        """The text of the file in blocks; compressed text may be in several parts, as `cat` joins them."""
        block = self._file.read(_BLOCK)
        if not block.startswith(_MAGIC):
            while block:
                yield block
                block = self._file.read(_BLOCK)
            return
        stream, parts = zlib.decompressobj(_GZIP), 1
        while True:
            spare = stream.copy()
            try:
                text = stream.decompress(block, _BLOCK)
            except zlib.error:
                yield from _salvaged(spare, block)
                self._cut = "The file of the recording is damaged; it is shown up to there"
                return
            if text:
                yield text
            if stream.eof:
                block = stream.unused_data or self._file.read(_BLOCK)
                if not block or parts == _MOST_PARTS:
                    return
                stream, parts = zlib.decompressobj(_GZIP), parts + 1
                continue
            block = stream.unconsumed_tail
            if not block and len(text) < _BLOCK:
                block = self._file.read(_BLOCK)
                if not block:
                    self._cut = _CUT_OFF
                    return

    def _bad(self, number: int, words: str) -> UsageError:
        hint = "octotui --record FILE makes a new one"
        if number > 2:
            hint = f"keep what is before it: zcat -f {self._shown} | head -n {number - 1} | gzip > OTHER.jsonl.gz"
        return UsageError(f"line {number} of the recording {self._shown} makes no sense: {words}", hint=hint)


def _salvaged(stream: zlib._Decompress, block: bytes) -> Iterator[bytes]:
    """The text of a damaged block up to the damage, which takes all that was read with it."""
    with contextlib.suppress(zlib.error):
        for at in range(len(block)):
            yield stream.decompress(block[at : at + 1])


def _opened(path: Path) -> FileIO:
    """The regular file at `path`. Raises OSError; a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:
        raise OSError("it has no name") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return os.fdopen(descriptor, "rb", buffering=0)
