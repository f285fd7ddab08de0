"""Everything known of one process as lines for the pane and the full screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from octotui.dumps.model import DumpPlan
from octotui.processes.detail import NOT_PERMITTED, ProcessDetail
from octotui.processes.history import Point
from octotui.processes.model import ProcessInfo
from octotui.processes.placement import placement
from octotui.processes.view import Lifecycle, Row
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut_line, wrapped
from octotui.ui.lines.counters import Live, counter_lines
from octotui.ui.lines.fields import Field, heading_line, section
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.row import role_style
from octotui.ui.lines.runtime import dotnet_fields, dump_fields
from octotui.ui.lines.strips import strip_lines
from octotui.units import bytes_text, seconds_text

_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "waiting for a device",
    "T": "stopped by a signal",
    "t": "stopped by a tracer",
    "Z": "ended, not yet reaped by its parent",
    "I": "idle",
    "X": "ended",
}
_FACTS = {
    "open_files": "open files",
    "limits": "limits",
    "executable_state": "whether its program was replaced",
    "tracer_pid": "its tracer",
    "tracer_name": "the name of its tracer",
    "inner_pid": "its pid in its container",
    "memory": "the memory limit",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """The process that the details are of.

    `ancestors` runs from the nearest up; `plan` is what a capture of this process alone would be, `plan_problem` why
    there is none; `points` are what it used in the last two minutes, on the clock of `now`; `started` is its start in
    local time; `detail` holds what was read on demand, `detail_problem` why it was not; `live` are the counters of its
    runtime, None for one that has none. A `row` that exited keeps the last that was known.
    """

    row: Row
    ancestors: tuple[ProcessInfo, ...] = ()
    plan: DumpPlan | None = None
    plan_problem: str = ""
    points: tuple[Point, ...] = ()
    now: float = 0.0
    started: datetime | None = None
    detail: ProcessDetail | None = None
    detail_problem: str = ""
    live: Live | None = None


def detail_title(row: Row) -> str:
    return f"{printable(row.process.name, 60)} {row.process.pid}"


def title_line(row: Row, width: int, glyphs: Glyphs) -> Line:
    """Name and pid, then in words what is special about the process."""
    badges = []
    if row.lifecycle is Lifecycle.EXITED:
        badges.append(Piece(f"  {ended_words(row)}", "exited"))
    if row.meaning.is_orphan:
        badges.append(Piece("  orphan", "warning"))
    if row.meaning.is_own:
        badges.append(Piece("  octotui", "muted"))
    return cut_line((Piece(glyphs.text(detail_title(row)), "heading"), *badges), width, glyphs.ellipsis)


def ended_words(row: Row) -> str:
    return (
        f"ended {max(0, int(row.exited_seconds))} s ago"
        if row.exited_seconds < 120
        else (f"ended {seconds_text(row.exited_seconds)} ago")
    )


def detail_lines(subject: Subject, width: int, glyphs: Glyphs, *, most_command_lines: int = 0) -> tuple[Line, ...]:
    """The details in lines of at most `width` cells, what is asked for most at the top.

    With `most_command_lines` they are for the pane, which has little room and cannot be scrolled by keys: a longer
    command line is cut there, and no blank lines stand between the sections. 0 shows all.
    """
    row = subject.row
    sections: list[list[Line]] = [[(Piece(text, "muted"),) for text in wrapped(glyphs.text(_ancestry(subject)), width)]]
    if row.lifecycle is not Lifecycle.EXITED:
        strips = strip_lines(subject.points, subject.now, row.cpu_percent, row.rss_bytes, width, glyphs)
        sections.append([heading_line("Last two minutes", width, glyphs), *strips])
    if subject.live is not None:
        sections.append(counter_lines(subject.live, width, glyphs, is_short=bool(most_command_lines)))
    sections.append(section("Octopus", _octopus_fields(row), width, glyphs))
    command = _command(row, width, glyphs, most_command_lines)
    sections.append([heading_line("Command line", width, glyphs), *command])
    sections.append(section("Process", _process_fields(subject), width, glyphs))
    sections.append(section("Dump and .NET", _runtime_fields(subject), width, glyphs))
    sections.append(section("Limits", _limit_fields(subject), width, glyphs))
    gap: list[Line] = [] if most_command_lines else [()]
    return tuple(line for part in sections for line in (*part, *(gap if part is not sections[-1] else ())))


def _runtime_fields(subject: Subject) -> Iterator[Field]:
    if subject.row.lifecycle is Lifecycle.EXITED:
        yield Field("Dump", "none: the process has ended", "muted")
    else:
        yield from dump_fields(subject.plan, subject.plan_problem)
    yield from dotnet_fields(subject.row.meaning.dotnet, subject.plan)


def _ancestry(subject: Subject) -> str:
    """From the first process of the system down to this one."""
    line = (*reversed(subject.ancestors), subject.row.process)
    return " › ".join(f"{process.name} {process.pid}" for process in line)


def _command(row: Row, width: int, glyphs: Glyphs, most: int) -> list[Line]:
    parts = wrapped(glyphs.text(row.process.command), width)
    if 0 < most < len(parts):
        left_out = len(parts) - most + 1
        more: Line = (Piece(f"{glyphs.ellipsis} {left_out} more lines: Enter", "muted"),)
        return [*((Piece(text),) for text in parts[: most - 1]), cut_line(more, width, glyphs.ellipsis)]
    return [(Piece(text),) for text in parts]


def _octopus_fields(row: Row) -> Iterator[Field]:
    """What the process is to Octopus."""
    meaning = row.meaning
    is_octopus = meaning.role not in ("", "none")
    if is_octopus:
        yield Field("Role", f"{meaning.label} ({meaning.role})", role_style(meaning.role))
    else:
        yield Field("Role", "no part of Octopus", "muted")
    yield Field("Because", meaning.reason, "muted")
    yield Field("Orphan", "abandoned: its Tentacle or its task is gone" if meaning.is_orphan else "", "warning")
    yield Field("Own", "octotui or an ancestor of it; never a target by default" if meaning.is_own else "", "warning")
    yield Field("Task", meaning.task, "task")
    yield Field("Instance", meaning.instance)
    yield Field("Command", meaning.command)
    yield Field("Version", meaning.version)
    yield Field("Work dir", meaning.work_directory)


def _process_fields(subject: Subject) -> Iterator[Field]:
    """What the process is to the system."""
    row, process, found = subject.row, subject.row.process, subject.detail
    gone = row.lifecycle is Lifecycle.EXITED
    yield Field("User", process.user + (f" (uid {process.uid})" if process.uid >= 0 else ""))
    yield Field(
        "State", ended_words(row) if gone else _STATES.get(process.state, process.state), "exited" if gone else ""
    )
    yield Field("Traced", _tracer(found), "warning")
    yield Field("Started", _started(subject))
    yield Field("Threads", str(process.threads))
    yield Field("Program", process.executable.removesuffix(" (deleted)"))
    state = found.executable_state if found else ""
    yield Field("", f"this file was {state} since the start" if state else "", "warning")
    is_work = bool(process.cwd) and process.cwd == row.meaning.work_directory
    yield Field("Cwd", "the work directory" if is_work else process.cwd)
    yield from _place_fields(process.cgroup, found)


def _tracer(found: ProcessDetail | None) -> str:
    if found is None or not found.tracer_pid:
        return ""
    return f"by {found.tracer_name or 'a process'} {found.tracer_pid}; a dump tool cannot attach meanwhile"


def _started(subject: Subject) -> str:
    age = _age_text(subject.row.age_seconds)
    lived = f"lived {age}" if subject.row.lifecycle is Lifecycle.EXITED else f"{age} ago"
    return f"{subject.started:%Y-%m-%d %H:%M:%S}, {lived}" if subject.started else lived


def _age_text(seconds: float) -> str:
    days = int(seconds // 86_400)
    return f"{days} days" if days > 1 else seconds_text(float(int(seconds)))


def _place_fields(cgroup: str, found: ProcessDetail | None) -> Iterator[Field]:
    place = placement(cgroup)
    yield Field("Unit", place.unit)
    name = " ".join(word for word in (place.engine, place.container) if word)
    yield Field("Container", name)
    yield Field("Pod", place.pod)
    yield Field("Inner pid", f"{found.inner_pid} in its own namespace" if found and found.inner_pid else "")
    yield Field("Cgroup", cgroup, "muted")


def _limit_fields(subject: Subject) -> Iterator[Field]:
    found, pid = subject.detail, subject.row.process.pid
    if found is None:
        yield Field("Facts", subject.detail_problem, "muted")
        return
    files = found.limit("Max open files")
    if found.open_files is not None:
        yield Field("Files", f"{found.open_files} open" + (f" of {files.soft}" if files else ""))
    elif files is not None:
        yield Field("Files", f"at most {files.soft}")
    yield Field("Memory", _memory(found))
    core, space = found.limit("Max core file size"), found.limit("Max address space")
    if core is not None:
        yield Field("Core file", "none: its limit is 0" if core.soft == "0" else _size(core.soft))
    if space is not None:
        yield Field("Addresses", _size(space.soft))
    if found.is_restricted:
        names = [_FACTS.get(name, name) for name, why in found.problems.items() if why == NOT_PERMITTED]
        yield Field("Not read", f"{', '.join(names)}: not permitted to this user", "warning")
        yield Field("", f"→ sudo octotui --pid {pid}", "hint")
    others = [(name, why) for name, why in found.problems.items() if why != NOT_PERMITTED]
    yield from (Field("Not read", f"{_FACTS.get(name, name)}: {why}", "muted") for name, why in others)


def _memory(found: ProcessDetail) -> str:
    if found.memory.limit_bytes is None:
        return "" if "memory" in found.problems else "no limit by its control group"
    free = found.memory.free_bytes
    return f"{bytes_text(found.memory.limit_bytes)}" + ("" if free is None else f", {bytes_text(free)} free")


def _size(limit: str) -> str:
    return bytes_text(int(limit)) if limit.isdecimal() else limit
