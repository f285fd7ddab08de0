"""The reader of /proc, on a proc tree of plain files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakeproc import FakeProc

from octotui.errors import AccessDenied
from octotui.processes.model import ProcessInfo, ProcessKey
from octotui.processes.procfs import ProcfsSource

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
OLD = 100
NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


def plain(argv: Sequence[str]) -> tuple[str, ...]:
    return tuple(argv)


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    return tuple("-password=***" if argument.startswith("-password=") else argument for argument in argv)


def only(source: ProcfsSource) -> ProcessInfo:
    (found,) = source.read().processes.values()
    return found


def test_every_field_is_read_and_nothing_raw_gets_through(fake_proc: FakeProc) -> None:
    fake_proc.add(
        14220, (b"/opt/Calamari", b"-password=hunter2", b"\x1b]0;pwned\x07"), name=b"Cala\x1bmari", parent=812,
        started=98000, user_ticks=3 * TICKS, system_ticks=TICKS, threads=17, rss_pages=10, state="R",
        executable="/opt/Calamari (deleted)", cwd="/home/Octopus/Work/\x1b", cgroup=b"0::/system.slice/web\x07\n",
    )  # fmt: skip
    found = only(ProcfsSource(masked, fake_proc.root))
    assert found == ProcessInfo(
        ProcessKey(14220, 98000),
        parent_pid=812,
        name="Cala␛mari",
        executable="/opt/Calamari",
        argv=("/opt/Calamari", "-password=***", "␛]0;pwned␇"),
        user="root" if os.geteuid() == 0 else found.user,
        uid=os.geteuid(),
        state="R",
        threads=17,
        cpu_seconds=4.0,
        rss_bytes=10 * PAGE,
        cgroup="/system.slice/web␇",
        cwd="/home/Octopus/Work/␛",
        started_seconds=98000 / TICKS,
    )


def test_a_snapshot_knows_host_time_and_ages(fake_proc: FakeProc) -> None:
    fake_proc.add(7, started=OLD)
    fake_proc.set_uptime(31.0)
    clock = iter([5.0, 5.25])
    taken = ProcfsSource(plain, fake_proc.root, clock=lambda: next(clock), now=lambda: NOON).read()
    assert (taken.host, taken.taken_at, taken.monotonic, taken.scan_seconds) == (os.uname().nodename, NOON, 5.0, 0.25)
    assert taken.uptime_seconds == 31.0
    assert taken.age_seconds(taken.processes[ProcessKey(7, OLD)]) == 31.0 - OLD / TICKS


def test_names_with_spaces_parentheses_and_newlines_do_not_shift_the_fields(fake_proc: FakeProc) -> None:
    fake_proc.add(50, name=b"a) R 1 (b", parent=7)
    fake_proc.add(51, name=b"two words", parent=8)
    fake_proc.add(52, name=b"x\ny", parent=9)
    found = ProcfsSource(plain, fake_proc.root).read()
    assert [(process.name, process.parent_pid) for process in map(found.find, (50, 51, 52)) if process] == [
        ("a) R 1 (b", 7), ("two words", 8), ("x↵y", 9),
    ]  # fmt: skip


def test_a_kernel_thread_is_marked_and_has_no_command_line(fake_proc: FakeProc) -> None:
    fake_proc.add_kernel_thread(2, b"kthreadd", parent=0)
    fake_proc.add_kernel_thread(9, b"kworker/0:0-events")
    fake_proc.add(10, name=b"core-helper", parent=2)
    found = ProcfsSource(plain, fake_proc.root).read()
    assert {process.name for process in found.processes.values() if process.is_kernel} == {
        "kthreadd", "kworker/0:0-events",
    }  # fmt: skip
    worker = found.find(9)
    assert worker is not None
    assert (worker.command, worker.executable) == ("[kworker/0:0-events]", "")


def test_pid_two_of_a_container_is_no_kernel_thread(fake_proc: FakeProc) -> None:
    fake_proc.add(2, (b"/opt/Tentacle",), name=b"Tentacle", parent=1)
    assert not only(ProcfsSource(plain, fake_proc.root)).is_kernel


def test_a_process_that_becomes_a_zombie_keeps_its_command_line(fake_proc: FakeProc) -> None:
    for age in (1.0, 1000.0):
        fake_proc.set_uptime(OLD / TICKS + age)
        source = ProcfsSource(plain, fake_proc.root)
        fake_proc.add(60, (b"Calamari", b"run"), name=b"Calamari", started=OLD)
        assert only(source).state == "S"
        fake_proc.add(60, (), name=b"Calamari", started=OLD, state="Z", stack=0, executable="", rss_pages=0)
        found = only(source)
        assert (found.state, found.argv, found.rss_bytes) == ("Z", ("Calamari", "run"), 0)


def test_a_zombie_that_is_met_as_one_has_its_name_only(fake_proc: FakeProc) -> None:
    fake_proc.add(60, (), name=b"Calamari", state="Z", executable="", cwd="")
    assert only(ProcfsSource(plain, fake_proc.root)).command == "[Calamari]"


def test_a_process_without_its_files_is_a_name_with_empty_fields(fake_proc: FakeProc) -> None:
    home = fake_proc.add(70)
    for name in ("cmdline", "cgroup", "exe", "cwd"):
        (home / name).unlink()
    found = only(ProcfsSource(plain, fake_proc.root))
    assert (found.name, found.argv, found.executable, found.cwd, found.cgroup) == ("bash", (), "", "", "")


def test_a_reused_pid_is_another_process_and_inherits_nothing(fake_proc: FakeProc) -> None:
    source = ProcfsSource(plain, fake_proc.root)
    fake_proc.add(14220, (b"Calamari", b"run"), name=b"bash", started=OLD, user_ticks=500, cwd="/work")
    before = only(source)
    fake_proc.remove(14220)
    fake_proc.add(14220, (b"bash",), name=b"bash", started=OLD + 5, cwd="/home", executable="/bin/dash")
    after = only(source)
    assert before.key != after.key
    assert (after.argv, after.cwd, after.executable, after.cpu_seconds) == (("bash",), "/home", "/bin/dash", 0.0)


def test_an_unchanged_process_is_the_same_object_in_the_next_snapshot(fake_proc: FakeProc) -> None:
    source = ProcfsSource(plain, fake_proc.root)
    fake_proc.add(80)
    fake_proc.add(81)
    first = source.read()
    fake_proc.add(81, user_ticks=9)
    second = source.read()
    assert second.find(80) is first.find(80)
    assert second.find(81) is not first.find(81)


def test_a_young_process_whose_stat_does_not_change_is_not_read_again(fake_proc: FakeProc) -> None:
    fake_proc.set_uptime(OLD / TICKS + 0.5)
    source = ProcfsSource(plain, fake_proc.root)
    fake_proc.add(80)
    assert only(source) is only(source)


def test_an_exec_while_a_young_process_is_read_is_seen_in_the_next_scan(
    fake_proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_proc.set_uptime(OLD / TICKS + 0.5)
    source = ProcfsSource(plain, fake_proc.root)
    fake_proc.add(90, (b"bash", b"Bootstrap.sh"), stack=0)
    vanish_at("stat", monkeypatch, lambda: fake_proc.add(90, (b"bash", b"Script.sh"), stack=0, faults=91))
    assert only(source).argv == ("bash", "Bootstrap.sh")
    assert only(source).argv == ("bash", "Script.sh")


def test_a_young_process_that_dies_while_it_is_read_keeps_its_command_line(
    fake_proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_proc.set_uptime(OLD / TICKS + 0.5)
    source = ProcfsSource(plain, fake_proc.root)
    fake_proc.add(90, (b"Calamari", b"run"))
    only(source)
    fake_proc.add(90, (b"Calamari", b"run"), faults=91)
    vanish_at("cmdline", monkeypatch, lambda: fake_proc.add(90, (), state="Z", executable=""))
    assert (only(source).state, only(source).argv) == ("Z", ("Calamari", "run"))


def test_the_command_line_of_an_old_process_is_read_and_redacted_once(fake_proc: FakeProc) -> None:
    calls: list[Sequence[str]] = []

    def counting(argv: Sequence[str]) -> tuple[str, ...]:
        calls.append(argv)
        return tuple(argv)

    source = ProcfsSource(counting, fake_proc.root)
    for ticks in range(3):
        fake_proc.add(80, user_ticks=ticks)
        source.read()
    assert len(calls) == 1


def test_a_young_process_that_execs_under_the_same_name_shows_its_new_command_line(fake_proc: FakeProc) -> None:
    fake_proc.set_uptime(OLD / TICKS + 0.5)
    source = ProcfsSource(plain, fake_proc.root)
    fake_proc.add(90, (b"bash", b"Bootstrap.sh"), stack=0)
    before = only(source)
    fake_proc.add(90, (b"bash", b"Script.sh"), stack=0, faults=91, executable="/usr/bin/bash")
    after = only(source)
    assert before.key == after.key
    assert (after.argv, after.executable) == (("bash", "Script.sh"), "/usr/bin/bash")


def test_an_exec_between_the_last_young_look_and_the_first_old_one_is_seen(fake_proc: FakeProc) -> None:
    fake_proc.set_uptime(OLD / TICKS + 4.9)
    source = ProcfsSource(plain, fake_proc.root)
    fake_proc.add(90, (b"bash", b"Bootstrap.sh"), stack=0)
    source.read()
    fake_proc.add(90, (b"bash", b"Script.sh"), stack=0, faults=91)
    fake_proc.set_uptime(OLD / TICKS + 6.9)
    assert only(source).argv == ("bash", "Script.sh")


@pytest.mark.parametrize("change", [{"name": b"Calamari"}, {"stack": 0x7FFD1111}])
def test_an_old_process_that_execs_shows_its_new_command_line(fake_proc: FakeProc, change: dict[str, bytes]) -> None:
    source = ProcfsSource(plain, fake_proc.root)
    fake_proc.add(90, (b"bash",))
    before = only(source)
    fake_proc.add(90, (b"Calamari", b"run"), **change)  # type: ignore[arg-type]
    after = only(source)
    assert before.key == after.key
    assert after.argv == ("Calamari", "run")


@pytest.mark.parametrize("raw", [b"", b"garbage", b"80 (bash) S 1 2 3", b"\xff" * 300])
def test_a_stat_that_makes_no_sense_costs_only_its_own_process(fake_proc: FakeProc, raw: bytes) -> None:
    fake_proc.add(79)
    (fake_proc.add(80) / "stat").write_bytes(raw)
    fake_proc.add(81)
    assert {key.pid for key in ProcfsSource(plain, fake_proc.root).read().processes} == {79, 81}


def test_things_in_proc_that_are_no_processes_are_passed_over(fake_proc: FakeProc) -> None:
    fake_proc.add(80)
    (fake_proc.root / "82").write_text("a file")
    (fake_proc.root / "83").mkdir()
    (fake_proc.root / "self").mkdir()
    (fake_proc.root / "٣").mkdir()
    assert {key.pid for key in ProcfsSource(plain, fake_proc.root).read().processes} == {80}


def vanish_at(step: str, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let a process end or change in the moment before the reader opens `step`."""
    really_open, really_read_link = os.open, os.readlink

    def open_or_vanish(path: str, flags: int, *args: int, **options: int) -> int:
        if path == step:
            monkeypatch.undo()
            change()
        return really_open(path, flags, *args, **options)

    def read_link_or_vanish(path: str, *, dir_fd: int | None = None) -> str:
        if path == step:
            monkeypatch.undo()
            change()
        return really_read_link(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_or_vanish)
    monkeypatch.setattr(os, "readlink", read_link_or_vanish)


@pytest.mark.parametrize("step", ["80/stat", "80", "cgroup", "cmdline", "exe", "cwd", "stat"])
def test_a_process_that_ends_at_any_step_of_its_reading_is_left_out(
    fake_proc: FakeProc, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    fake_proc.add(80)
    source = ProcfsSource(plain, fake_proc.root)
    vanish_at(step, monkeypatch, lambda: fake_proc.remove(80))
    assert source.read().processes == {}
    fake_proc.add(81)
    assert only(source).pid == 81


def test_a_pid_that_changes_hands_while_it_is_read_gets_the_facts_of_one_process(
    fake_proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_proc.add(80, (b"Calamari",), name=b"Calamari", started=OLD)

    def hand_over() -> None:
        fake_proc.remove(80)
        fake_proc.add(80, (b"sleep",), name=b"sleep", started=OLD + 3)

    vanish_at("80", monkeypatch, hand_over)
    found = only(ProcfsSource(plain, fake_proc.root))
    assert (found.key.started, found.name, found.argv) == (OLD + 3, "sleep", ("sleep",))


def test_a_user_without_a_name_is_a_number(fake_proc: FakeProc) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(fake_proc.add(80), 123456789, -1)
    found = only(ProcfsSource(plain, fake_proc.root))
    assert (found.user, found.uid) == ("123456789", 123456789)


def test_a_missing_proc_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(AccessDenied) as caught:
        ProcfsSource(plain, tmp_path / "nowhere").read()
    assert caught.value.hint == "mount -t proc proc /proc"


@pytest.mark.parametrize("text", ["", "soon"])
def test_an_uptime_that_makes_no_sense_makes_everything_zero_seconds_old(fake_proc: FakeProc, text: str) -> None:
    (fake_proc.root / "uptime").write_text(text)
    fake_proc.add(80)
    taken = ProcfsSource(plain, fake_proc.root).read()
    assert taken.age_seconds(taken.processes[ProcessKey(80, OLD)]) == 0.0


def test_descriptors_are_all_closed_again(fake_proc: FakeProc) -> None:
    source = ProcfsSource(plain, fake_proc.root)
    for pid in range(100, 120):
        fake_proc.add(pid)
    (fake_proc.root / "105" / "stat").write_bytes(b"")
    source.read()
    before = os.listdir("/proc/self/fd")
    fake_proc.remove(110)
    source.read()
    assert os.listdir("/proc/self/fd") == before
