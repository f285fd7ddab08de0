"""A job as a line of the Dumps panel, and as the sentence that tells its end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from octotui.dumps.results import DumpResult, Job, JobState
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut, left, line_text, line_width, short_path, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.units import bytes_text, seconds_text

LABEL = "Dumps  "

_OUTCOMES = {JobState.FAILED: "failed", JobState.REFUSED: "was refused", JobState.LOST: "was lost"}

LEAST_PATH = 28
"""Cells that a path should get before the parts of its line move closer together."""


def job_name(job: Job) -> str:
    """`Calamari 14220`."""
    return target_name(job.step.target.name, job.step.target.key.pid)


def target_name(name: str, pid: int) -> str:
    return f"{printable(name, 60)} {pid}"


def panel_lines(jobs: Sequence[Job], width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The jobs that matter now in at most `height` lines of `width` cells, the word Dumps before the first."""
    if not jobs or height < 1 or width < 1:
        return ()
    label = LABEL if width >= 60 else ""
    room = width - len(label)
    chosen, hidden = _chosen(jobs, height)
    name_width = min(max(cell_len(job_name(job)) for job in chosen), 24 if width >= 60 else 14)
    lines: list[Line] = []
    for job in chosen:
        lines += job_lines(job, room, glyphs, name_width=name_width)[: 1 if len(chosen) >= height else height]
    if hidden:
        lines[-1] = (Piece(cut(f"  {hidden + 1} more: press 2", room, glyphs.ellipsis), "muted"),)
    margin = " " * len(label)
    return tuple((Piece(label if i == 0 else margin, "label"), *line) for i, line in enumerate(lines[:height]))


def _chosen(jobs: Sequence[Job], height: int) -> tuple[Sequence[Job], int]:
    """A window of the jobs around the first that is not over, and how many are left out after it."""
    if len(jobs) <= height:
        return jobs, 0
    first = next((i for i, job in enumerate(jobs) if not job.state.is_over), len(jobs))
    start = max(0, min(first - 1 if height > 1 else first, len(jobs) - height))
    return jobs[start : start + height], len(jobs) - start - height


def job_lines(job: Job, width: int, glyphs: Glyphs, *, name_width: int = 0) -> tuple[Line, ...]:
    """One job in a line; a failed one with the tool's words whole and the next step below them."""
    first = job_line(job, width, glyphs, name_width=name_width)
    failure = job.result.failure if job.result else None
    if failure is None:
        return (first,)
    words = wrapped(glyphs.text(printable(failure.message, 600)), max(8, width - 2))
    is_whole = line_text(first).endswith(words[0]) and len(words) == 1
    lines = [first] if is_whole else [(*first[:3], Piece(f" {job.state.value}", "failed"))]
    lines += [] if is_whole else [(Piece("  "), Piece(text)) for text in words]
    hint = wrapped(glyphs.text(f"→ {printable(failure.hint, 300)}"), max(8, width - 2)) if failure.hint else ()
    return (*lines, *((Piece("  "), Piece(text, "hint")) for text in hint))


def job_line(job: Job, width: int, glyphs: Glyphs, *, name_width: int = 0) -> Line:
    """One job: its sign, whom it captures, and how far it is or how it ended."""
    sign, style = _sign(job, glyphs)
    name = glyphs.text(job_name(job))
    head = [Piece(sign, style), Piece(" "), Piece(left(name, max(1, name_width or cell_len(name))), "name")]
    if job.state.is_over:
        path = str(job.result.path) if job.result and job.result.path else ""
        return _joined(head, _over_parts(job), printable(path), width, glyphs)
    parts = _live_parts(job)
    if line_width(head) + sum(cell_len(part.text) + 1 for part in parts) > width:
        parts = [part._replace(text=part.text.removeprefix("target ")) for part in parts]
    return _joined(head, parts, "", width, glyphs)


def _joined(head: list[Piece], parts: list[Piece], path: str, width: int, glyphs: Glyphs) -> Line:
    """Parts two cells apart, one where that does not fit; a path takes what is left; the last part is cut."""
    parts = [Piece(glyphs.text(part.text), part.style) for part in parts]
    gap = "  "
    needed = line_width(head) + sum(cell_len(part.text) + 2 for part in parts)
    if needed + (LEAST_PATH + 2 if path else 0) > width:
        gap = " "
    line = list(head)
    for part in parts:
        room = width - line_width(line) - len(gap)
        if room < 2:
            break
        line += [Piece(gap), Piece(cut(part.text, room, glyphs.ellipsis), part.style)]
    room = width - line_width(line) - len(gap)
    if path and room >= 10:
        line += [Piece(gap), Piece(short_path(glyphs.text(path), room, glyphs.ellipsis), "path")]
    return tuple(line) if line_width(line) <= width else (Piece(cut(head[0].text, width), head[0].style),)


def _sign(job: Job, glyphs: Glyphs) -> tuple[str, str]:
    match job.state:
        case JobState.QUEUED:
            return glyphs.queued, "muted"
        case JobState.RUNNING | JobState.VERIFYING | JobState.COPYING:
            return glyphs.capturing, "capturing"
        case JobState.FINISHED:
            return glyphs.done, "done"
        case JobState.CANCELLED:
            return glyphs.cancelled, "muted"
    return glyphs.failed, "failed"


def _live_parts(job: Job) -> list[Piece]:
    kind = Piece(job.step.type.value, "muted")
    if job.state is JobState.QUEUED:
        waits = printable(job.waits_for, 100) or "waits"
        return [kind, Piece(f"{waits}  ~{bytes_text(job.step.estimate.bytes)}", "muted")]
    if job.state is JobState.COPYING:
        amount = f"{_amount(job)} of ~{bytes_text(job.step.estimate.bytes)}"
        return [kind, Piece(amount), *_paused(job.pause_seconds), Piece("copying to disk", "muted")]
    if job.state is JobState.VERIFYING:
        return [kind, Piece(bytes_text(job.bytes_written)), *_paused(job.pause_seconds), Piece("verifying", "muted")]
    if not job.bytes_written:
        # For seconds the writer only looks around: a count that stands at nothing would look like a hang.
        done = Piece(f"looking at its memory, ~{bytes_text(job.step.estimate.bytes)}")
    else:
        done = Piece(f"{_amount(job)} of ~{bytes_text(job.step.estimate.bytes)}")
    parts = [kind, done, Piece(seconds_text(job.seconds))]
    if job.is_paused:
        parts.append(Piece(f"target paused {seconds_text(job.pause_seconds)}", "paused"))
    elif job.pause_seconds > 0:
        parts += _paused(job.pause_seconds)
    if job.remaining_seconds is not None:
        parts.append(Piece(f"ETA {_eta(job.remaining_seconds)}"))
    return parts


def _eta(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 60 else seconds_text(seconds)


def _amount(job: Job) -> str:
    """Bytes written in the unit of the estimate where they share it: `1.1` of `~1.9 GB`."""
    written, whole = bytes_text(job.bytes_written), bytes_text(job.step.estimate.bytes)
    number, _, unit = written.partition(" ")
    return number if unit == whole.partition(" ")[2] else written


def _paused(seconds: float | None) -> list[Piece]:
    return [] if seconds is None else [Piece(f"paused {seconds_text(seconds)}")]


def _over_parts(job: Job) -> list[Piece]:
    result = job.result
    kind = Piece(job.step.type.value, "muted")
    if result is None:
        return [kind, Piece(job.state.value, "failed")]
    if job.state is JobState.FINISHED:
        parts = [Piece(bytes_text(result.bytes)), Piece(seconds_text(result.seconds)), *_paused(result.pause_seconds)]
        parts.append(Piece("verified", "done") if result.verified else Piece("not verified", "failed"))
        return parts if result.is_portable else [*parts, Piece("not portable", "paused")]
    if job.state is JobState.CANCELLED:
        return [kind, Piece("cancelled", "muted"), Piece("no file was kept", "muted"), *_paused(result.pause_seconds)]
    words = printable(result.failure.message, 300) if result.failure else "no reason was given"
    return [Piece(job.state.value, "failed"), Piece(words)]


def end_sentence(result: DumpResult) -> str:
    """How a job ended, in words, with the next step."""
    name = target_name(result.target.name, result.target.key.pid)
    if result.outcome is JobState.FINISHED:
        verified = "captured and verified" if result.verified else "captured but not verified"
        portable = "" if result.is_portable else ", but not portable"
        return f"{name} is {verified}{portable}; y copies the path of its dump"
    if result.outcome is JobState.CANCELLED:
        return f"{name}: cancelled, the target runs on and no file was kept"
    words = printable(result.failure.message, 300) if result.failure else "no reason was given"
    return f"{name} {_OUTCOMES.get(result.outcome, result.outcome.value)}: {words}"
