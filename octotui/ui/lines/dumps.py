"""The list of dumps: jobs of this session, then what the store holds from before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from octotui.dumps.results import Job
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut, cut_line, left, line_width, right, short_path
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import job_line, job_lines
from octotui.units import bytes_text

if TYPE_CHECKING:
    from octotui.dumps.keeping.limits import Fullness
    from octotui.dumps.keeping.records import DumpRecord


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the list: a job or a record; `path` is "" where there is no file."""

    path: str
    job: Job | None = None
    record: DumpRecord | None = None


def entries(jobs: Sequence[Job], records: Iterable[DumpRecord]) -> tuple[Entry, ...]:
    """Jobs, newest first, then the records that belong to none of them, newest first."""
    listed = [Entry(str(job.result.path) if job.result and job.result.path else "", job) for job in reversed(jobs)]
    known = {entry.path for entry in listed}
    older = sorted(records, key=lambda record: record.taken_at, reverse=True)
    listed += [
        Entry(path, record=record) for record in older if (path := str(record.path or "")) not in known or not path
    ]
    return tuple(listed)


def entry_line(entry: Entry, width: int, glyphs: Glyphs, *, is_cursor: bool) -> Line:
    """One entry, after the cursor's sign, in at most `width` cells."""
    bar = Piece(glyphs.cursor if is_cursor else " ", "capturing")
    if entry.job is not None:
        return (bar, Piece(" "), *job_line(entry.job, width - 2, glyphs, name_width=24 if width >= 60 else 0))
    if entry.record is not None:
        return (bar, Piece(" "), *_record_line(entry.record, width - 2, glyphs))
    return (bar,)


def record_name(record: DumpRecord) -> str:
    """Whose dump it is, `Calamari 14220`; the file's name where nothing is recorded. Printable."""
    pid = record.number("pid")
    name = " ".join(text for text in (record.text("name"), f"{pid:.0f}" if pid is not None else "") if text)
    return printable(name or record.name)


def title_line(count: str, state: Fullness | None, width: int, glyphs: Glyphs) -> Line:
    """The first line: how many there are and, where there is room for it, how full the store is."""
    words = ""
    style = "muted"
    if state is not None:
        limit = f" of {bytes_text(state.quota_bytes)}" if state.quota_bytes else ""
        words = f"store {bytes_text(state.used_bytes)}{limit}, {bytes_text(state.free_bytes)} free "
        style = "warning" if state.missing_bytes() else "muted"
    room = width - 7 - len(words)
    if words and room >= len(count) + 4:
        return (Piece(" Dumps", "heading"), Piece(left(f"  {count}", room + 1), "muted"), Piece(words, style))
    return (Piece(" Dumps", "heading"), Piece(cut(f"  {count}", max(0, width - 7), glyphs.ellipsis), "muted"))


def _record_line(record: DumpRecord, width: int, glyphs: Glyphs) -> Line:
    sign, style = (glyphs.done, "done") if record.is_verified else (glyphs.failed, "failed")
    when = record.taken_at.astimezone().strftime("%Y-%m-%d %H:%M")
    size = bytes_text(record.size_bytes)
    words = record.problem or ("verified" if record.is_verified else record.outcome)
    head = [
        Piece(f"{sign} ", style),
        Piece(left(glyphs.text(record_name(record)), 24, glyphs.ellipsis), "name"),
        Piece(f"  {when}", "muted"),
        Piece(f"  {right(size, 8)}"),
        Piece(f"  {glyphs.text(printable(words, 80))}", style),
    ]
    line = list(cut_line(tuple(head), width, glyphs.ellipsis))
    room = width - line_width(line)
    if room > 12 and record.path is not None:
        line.append(
            Piece("  " + short_path(glyphs.text(printable(str(record.path))), room - 2, glyphs.ellipsis), "path")
        )
    return tuple(line)


def path_lines(entry: Entry | None, width: int, glyphs: Glyphs, *, again: str) -> tuple[Line, ...]:
    """What the entry under the cursor says at length: the whole path, or why there is none and the next step.

    `again` is the key that verifies a dump again.
    """
    if entry is not None and entry.job is not None and entry.job.result and entry.job.result.failure:
        return tuple((Piece(" "), *line) for line in job_lines(entry.job, width - 2, glyphs))
    if entry is None or not entry.path:
        return ((Piece(" "),),)
    path = (Piece(" " + cut(glyphs.text(printable(entry.path)), width - 2, glyphs.ellipsis), "path"),)
    if entry.record is None or not entry.record.problem:
        return (path,)
    words = f"{printable(entry.record.problem, 200)}; {again} reads it again"
    return (path, (Piece(" " + cut(glyphs.text(words), width - 2, glyphs.ellipsis), "failed"),))
