"""Lines of the details and of what is read on demand: what each fact looks like, at every width."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pytest
from ui_fakes import CALAMARI, INIT, TENTACLE, meaning, step

from octotui.dotnet.model import CreatedumpTool, DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.dumps.model import DumpPlan, DumpRequest
from octotui.octopus.logentries import LogEntry
from octotui.octopus.tasklog import LogTail
from octotui.processes.cgroups import MemoryRoom
from octotui.processes.detail import NOT_PERMITTED, Limit, ProcessDetail
from octotui.processes.environment import Environment, Variable
from octotui.processes.history import Point
from octotui.processes.openfiles import OpenFile, OpenFiles
from octotui.processes.sockets import Socket
from octotui.processes.view import Lifecycle, Row
from octotui.ui.lines.cells import Line, line_text, line_width
from octotui.ui.lines.details import Subject, detail_lines, ended_words, title_line
from octotui.ui.lines.glyphs import ASCII, UNICODE
from octotui.ui.lines.readings import environment_lines, open_files_lines, task_log_lines
from octotui.ui.lines.strips import strip_lines

ROW = Row(CALAMARI, meaning("calamari", task="ServerTasks-826567"), cpu_percent=38.0, rss_bytes=2_000_000_000)
LIMITS = (
    Limit("Max open files", "20000", "20000"),
    Limit("Max core file size", "unlimited", "unlimited"),
    Limit("Max address space", "8000000000", "unlimited"),
)


def subject(row: Row = ROW, detail: ProcessDetail | None = None, **more: object) -> Subject:
    return replace(Subject(row, (TENTACLE, INIT), detail=detail), **more)  # type: ignore[arg-type]


def text(lines: tuple[Line, ...]) -> str:
    return "\n".join(line_text(line) for line in lines)


def details(shown: Subject, width: int = 200) -> str:
    return text(detail_lines(shown, width, UNICODE))


def facts(**more: object) -> ProcessDetail:
    return replace(ProcessDetail(CALAMARI, 46, LIMITS, tracer_pid=0), **more)  # type: ignore[arg-type]


def test_the_ancestry_runs_from_the_first_process_down_to_this_one() -> None:
    assert details(subject()).splitlines()[0] == "systemd 1 › Tentacle 812 › Calamari 14220"


@pytest.mark.parametrize("state", ["deleted", "replaced"])
def test_a_program_that_is_no_longer_the_file_is_marked(state: str) -> None:
    shown = details(subject(detail=facts(executable_state=state)))
    assert f"this file was {state} since the start" in shown
    assert "since the start" not in details(subject(detail=facts()))


def test_the_kernels_mark_of_a_deleted_program_is_said_once_in_words() -> None:
    row = replace(ROW, process=replace(CALAMARI, executable="/opt/Calamari (deleted)"))
    shown = details(subject(row, facts(executable_state="deleted")))
    assert "/opt/Calamari\n" in shown and "(deleted)" not in shown


def test_a_tracer_is_named_with_what_it_means_for_a_dump() -> None:
    shown = details(subject(detail=facts(tracer_pid=99, tracer_name="strace")))
    assert "by strace 99; a dump tool cannot attach meanwhile" in shown
    assert "Traced" not in details(subject(detail=facts()))


def test_unit_container_and_inner_pid_are_told_apart() -> None:
    group = "/system.slice/containerd.service/docker/" + "4f2a" * 16
    row = replace(ROW, process=replace(CALAMARI, cgroup=group))
    shown = details(subject(row, facts(inner_pid=7)))
    assert "Unit      containerd.service" in shown
    assert "Container docker 4f2a4f2a4f2a\n" in shown
    assert "Inner pid 7 in its own namespace" in shown


def test_limits_are_said_in_words() -> None:
    shown = details(subject(detail=facts(memory=MemoryRoom(2_000_000_000, 500_000_000))))
    assert "Files     46 open of 20000" in shown
    assert "Memory    2.0 GB, 1.5 GB free" in shown
    assert "Core file unlimited" in shown
    assert "Addresses 8.0 GB" in shown
    assert "no limit by its control group" in details(subject(detail=facts()))


def test_what_this_user_may_not_read_is_one_sentence_with_the_next_step() -> None:
    problems = MappingProxyType({"open_files": NOT_PERMITTED, "executable_state": NOT_PERMITTED, "memory": "no group"})
    shown = details(subject(detail=facts(open_files=None, problems=problems)))
    assert "open files, whether its program was replaced: not permitted to this user" in shown
    assert "→ sudo octotui --pid 14220" in shown
    assert "the memory limit: no group" in shown
    assert "Files     at most 20000" in shown


def test_start_and_age_are_told_and_of_an_ended_process_how_long_it_lived() -> None:
    started = datetime(2026, 11, 23, 10, 14, 31)
    row = replace(ROW, age_seconds=125.0)
    assert "Started   2026-11-23 10:14:31, 2 min 5 s ago" in details(subject(row, started=started))
    ended = replace(row, lifecycle=Lifecycle.EXITED, exited_seconds=12.4)
    shown = details(subject(ended, started=started))
    assert "2026-11-23 10:14:31, lived 2 min 5 s" in shown and "State     ended 12 s ago" in shown
    assert ended_words(replace(ended, exited_seconds=150)) == "ended 2 min 30 s ago"


@pytest.mark.parametrize(("letter", "words"), [("D", "waiting for a device"), ("t", "stopped by a tracer"), ("?", "?")])
def test_states_are_said_in_words(letter: str, words: str) -> None:
    assert f"State     {words}" in details(subject(replace(ROW, process=replace(CALAMARI, state=letter))))


def test_badges_stand_beside_the_name() -> None:
    row = replace(ROW, meaning=replace(ROW.meaning, is_orphan=True), lifecycle=Lifecycle.EXITED, exited_seconds=3)
    assert line_text(title_line(row, 80, UNICODE)) == "Calamari 14220  ended 3 s ago  orphan"
    assert "abandoned: its Tentacle or its task is gone" in details(subject(row))


def plan(**more: object) -> DumpPlan:
    one = step(CALAMARI)
    known = replace(RuntimeFacts(CALAMARI.key, RuntimeKind.CORECLR, "8.0.4", "/usr/share/dotnet"), **more)  # type: ignore[arg-type]
    return DumpPlan(DumpRequest((CALAMARI.key,)), (replace(one, facts=known),), (), (), Path("/d"), 0)


def test_the_runtime_says_what_a_dump_can_be_asked_of() -> None:
    tool = CreatedumpTool("/rt/createdump", "/rt/createdump", True)
    there = details(subject(plan=plan(socket=DiagnosticsSocket("/tmp/dotnet-diagnostic-1", 1, 0), createdump=tool)))
    assert "Socket    there: /tmp/dotnet-diagnostic-1" in there
    assert "createdump is there, runnable, and only root can change it" in there
    assert "Runtime   CoreCLR 8.0.4" in there
    assert "Dump      heap by ipc, ~1.8 GB, pause ~3.1 s" in there
    assert "not createdump: the socket does it" in there
    absent = details(subject(plan=plan(socket_problem="diagnostics are switched off")))
    assert "Socket    none: diagnostics are switched off" in absent and "no createdump beside the runtime" in absent
    loose = details(subject(plan=plan(createdump=replace(tool, untrusted="/rt"))))
    assert "createdump is there, not trusted: others than root can change /rt" in loose
    broken = details(subject(plan=plan(createdump=replace(tool, is_runnable=False, problem="mode 0644"))))
    assert "createdump is there, not runnable: mode 0644" in broken


def test_a_runtime_in_a_container_or_waiting_at_its_start_says_so() -> None:
    shown = details(subject(plan=plan(same_mounts=False, same_pids=False, waits_at_start="DOTNET_X=1", version="")))
    assert "it has its own files and pids (a container)" in shown
    assert "at its start, by DOTNET_X=1" in shown
    assert "CoreCLR version not known" in shown


def test_a_stranger_is_no_part_of_octopus() -> None:
    row = Row(INIT, replace(ROW.meaning, role="", label="", task="", reason="", dotnet=False))
    shown = details(subject(row, plan_problem="none: not a .NET process"))
    assert "Role      no part of Octopus" in shown and "Dump      none: not a .NET process" in shown


def test_the_pane_cuts_a_very_long_command_line_and_the_screen_shows_all_of_it() -> None:
    row = replace(ROW, process=replace(CALAMARI, argv=("Calamari", *(f"--option-{n}=value" for n in range(200)))))
    pane = text(detail_lines(subject(row), 39, UNICODE, most_command_lines=8))
    assert "--option-199" not in pane and "more lines: Enter" in pane and "no blank" not in pane
    assert "--option-199" in text(detail_lines(subject(row), 39, UNICODE))
    assert "" not in pane.splitlines()


@pytest.mark.parametrize("width", [12, 20, 39, 78, 158])
def test_every_line_fits_its_width_in_both_alphabets(width: int) -> None:
    row = replace(ROW, process=replace(CALAMARI, cgroup="/docker/" + "数" * 60, cwd="/" + "x" * 300))
    points = tuple(Point(float(n), float(n), float(n)) for n in range(120))
    shown = subject(row, facts(tracer_pid=5), plan=plan(), points=points, now=120.0)
    files = OpenFiles(
        900, (OpenFile(3, "socket", Socket("tcp", "[::1]:80", "[::1]:9", "connected")), OpenFile(4, "数" * 90))
    )
    variables = Environment((Variable("N" * 120), Variable("TMPDIR", "/tmp/" + "y" * 200)), 3, True)
    tail = LogTail("/w/" + "z" * 120, (LogEntry("stderr", "数" * 100, "10:15:02"),), 90_000, 5, 7)
    for glyphs in (UNICODE, ASCII):
        made = (
            (*detail_lines(shown, width, glyphs), title_line(row, width, glyphs)),
            open_files_lines(files, width, glyphs),
            environment_lines(variables, width, glyphs),
            task_log_lines(tail, width, glyphs),
            task_log_lines(replace(tail, problem="it is not permitted", hint="sudo octotui --pid 7"), width, glyphs),
        )
        for lines in made:
            # A label takes ten cells and leaves at least eight: below that a line is cut by the terminal.
            assert [line_text(line) for line in lines if line_width(line) > max(width, 20)] == []
            assert glyphs is UNICODE or text(tuple(lines)).isascii()


def test_strips_show_gaps_as_blanks_and_nothing_as_the_lowest_bar() -> None:
    points = [Point(float(at), 0.0 if at <= 60 else 100.0, 50.0) for at in range(0, 121, 2) if not 30 <= at <= 50]
    for glyphs, low, high in ((UNICODE, "▁", "█"), (ASCII, ".", "@")):
        cpu, memory = (line_text(line)[19:] for line in strip_lines(points, 120.0, 7.5, 50, 19 + 12, glyphs))
        assert cpu == low * 3 + "  " + low + high * 6
        assert memory == high * 3 + "  " + high * 7
    assert line_text(strip_lines([], 0.0, None, 0, 40, UNICODE)[0]).rstrip() == "CPU       —"


def test_open_files_stand_with_ports_first() -> None:
    files = (
        OpenFile(0, "/dev/null"),
        OpenFile(3, "socket", Socket("tcp", "0.0.0.0:10933", "", "listening")),
        OpenFile(4, "socket", Socket("tcp", "10.0.0.1:5", "10.0.0.2:443", "connected")),
        OpenFile(5, "socket"),
    )
    shown = text(open_files_lines(OpenFiles(900, files), 80, UNICODE)).splitlines()
    assert shown[0] == "900 open, the first 4 shown"
    assert shown[shown.index("Listening") + 1] == "tcp  0.0.0.0:10933"
    assert shown[shown.index("Connections") + 1] == "tcp  10.0.0.1:5 → 10.0.0.2:443  connected"
    assert shown[-1] == "5     socket"


def test_a_log_says_when_it_is_empty_and_what_is_not_shown() -> None:
    assert "Nothing is logged yet" in text(task_log_lines(LogTail("/w"), 80, UNICODE))
    strange = text(task_log_lines(LogTail("/w", size_bytes=100, strange=99), 80, UNICODE))
    assert "99 characters are no entries of a log and are not shown" in strange and "Nothing" not in strange
