"""Everything known of one process as lines for the pane and the full screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octotui.dumps.model import DumpPlan, Severity
from octotui.processes.model import ProcessInfo
from octotui.processes.view import Lifecycle, Row
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, left, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.row import role_style
from octotui.units import bytes_text, percent_text, seconds_text

_LABEL = 10
_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"

_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "waiting for a device",
    "T": "stopped by a signal",
    "t": "stopped by a tracer",
    "Z": "ended, not yet reaped",
    "I": "idle",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """The process that the details are of.

    `ancestors` runs from the nearest up; `plan` is what a capture of this process alone would be, `plan_problem` why
    there is none; `cpu_history` and `memory_history` hold the last samples, oldest first; `facts` are further label
    and text pairs that were read on demand.
    """

    row: Row
    ancestors: tuple[ProcessInfo, ...] = ()
    plan: DumpPlan | None = None
    plan_problem: str = ""
    cpu_history: tuple[float, ...] = ()
    memory_history: tuple[float, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def detail_title(row: Row) -> str:
    return f"{printable(row.process.name, 60)} {row.process.pid}"


def detail_lines(subject: Subject, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The details in lines of at most `width` cells."""
    lines: list[Line] = []
    for label, text, style in _meaning_fields(subject):
        lines += _field(label, text, style, width, glyphs) if text else []
    lines.append(())
    lines += _strips(subject, width, glyphs)
    lines += _dump(subject, width, glyphs)
    lines.append(())
    for label, text, style in _system_fields(subject):
        lines += _field(label, text, style, width, glyphs) if text else []
    for label, text in subject.facts:
        lines += _field(label, text, "", width, glyphs)
    lines.append(())
    lines.append((Piece("Command line", "label"),))
    lines += [(Piece(text),) for text in wrapped(glyphs.text(subject.row.process.command), width)]
    return tuple(lines)


def _meaning_fields(subject: Subject) -> Sequence[tuple[str, str, str]]:
    """What the process is to Octopus: label, text, style."""
    meaning = subject.row.meaning
    return (
        ("Role", f"{meaning.label} ({meaning.role})" if meaning.role else "", role_style(meaning.role)),
        ("Because", meaning.reason, "muted"),
        ("Orphan", "its Tentacle or task is gone" if meaning.is_orphan else "", "warning"),
        ("Own", "octotui or an ancestor of it; never a target by default" if meaning.is_own else "", "warning"),
        ("Task", meaning.task, "task"),
        ("Instance", meaning.instance, ""),
        ("Command", meaning.command, ""),
        ("Version", meaning.version, ""),
        (".NET", {True: "yes", False: "no", None: "not known"}[meaning.dotnet], ""),
    )


def _system_fields(subject: Subject) -> Sequence[tuple[str, str, str]]:
    """What the process is to the system: label, text, style."""
    row = subject.row
    process, meaning = row.process, row.meaning
    gone = row.lifecycle is Lifecycle.EXITED
    return (
        ("Under", " › ".join(f"{p.name} {p.pid}" for p in reversed(subject.ancestors)), "muted"),
        ("User", process.user, ""),
        ("State", "ended" if gone else _STATES.get(process.state, process.state), "exited" if gone else ""),
        ("Age", f"{_age_text(row.age_seconds)}, {process.threads} threads", ""),
        ("Program", process.executable, ""),
        ("Work dir", meaning.work_directory or process.cwd, ""),
        ("Cgroup", process.cgroup, "muted"),
    )


def _age_text(seconds: float) -> str:
    days = int(seconds // 86_400)
    return f"{days} days" if days > 1 else seconds_text(seconds)


def _field(label: str, text: str, style: str, width: int, glyphs: Glyphs) -> list[Line]:
    parts = wrapped(glyphs.text(printable(text)), max(8, width - _LABEL))
    return [(Piece(left(label if i == 0 else "", _LABEL), "label"), Piece(part, style)) for i, part in enumerate(parts)]


def _strips(subject: Subject, width: int, glyphs: Glyphs) -> list[Line]:
    row = subject.row
    if row.lifecycle is Lifecycle.EXITED:
        return []
    room = max(0, min(30, width - _LABEL - 9))
    cpu = "" if row.cpu_percent is None else f"{percent_text(row.cpu_percent)} %"
    top = max(100.0, *subject.cpu_history) if subject.cpu_history else 100.0
    memory_top = max(subject.memory_history, default=0.0)
    return [
        _strip("CPU", cpu or glyphs.unknown, subject.cpu_history, top, room, glyphs),
        _strip("Memory", bytes_text(row.rss_bytes), subject.memory_history, memory_top, room, glyphs),
    ]


def _strip(label: str, value: str, history: Sequence[float], top: float, room: int, glyphs: Glyphs) -> Line:
    bars = _ASCII_BARS if glyphs.is_ascii else _BARS
    shown = history[-room:] if room else ()
    drawn = "".join(bars[min(len(bars) - 1, int(value / top * len(bars)))] if top else bars[0] for value in shown)
    return (Piece(left(label, _LABEL), "label"), Piece(left(value, 9)), Piece(drawn, "strip"))


def _dump(subject: Subject, width: int, glyphs: Glyphs) -> list[Line]:
    """How a dump of this process would be made and why; or what stands against it."""
    if subject.plan is None:
        return _field("Dump", subject.plan_problem, "muted", width, glyphs) if subject.plan_problem else []
    lines: list[Line] = []
    for step in subject.plan.steps:
        words = f"{step.type.value} by {step.backend}, ~{bytes_text(step.estimate.bytes)}"
        words += f", pause ~{seconds_text(step.estimate.pause_seconds)}"
        lines += _field("Dump", words, "", width, glyphs)
        runtime = " ".join(text for text in (step.facts.kind.value, step.facts.version) if text)
        lines += _field("", step.reason, "muted", width, glyphs) if step.reason else []
        lines += _field("Runtime", runtime, "", width, glyphs)
    for item in subject.plan.left_out:
        lines += _field("Dump", f"none: {item.reason}", "muted", width, glyphs)
    for remark in (*subject.plan.of(Severity.REFUSAL), *subject.plan.of(Severity.WARNING)):
        style = "failed" if remark.severity is Severity.REFUSAL else "warning"
        lines += _field("" if lines else "Dump", remark.message, style, width, glyphs)
        lines += _field("", f"→ {remark.hint}", "hint", width, glyphs) if remark.hint else []
    return lines
