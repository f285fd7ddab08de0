"""Captures of ends, from what the tracer tells to the dump in the store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dump_cores import Core, note
from dump_doubles import Sleeper, Sleepers
from watch_world import CALAMARI, WatchWorld

from octotui.dumps.arming.armed import MOST_FAILURES
from octotui.dumps.arming.rule import Rule, When, Whom
from octotui.dumps.arming.state import Ending, Stage
from octotui.dumps.catching.kept import MOST_FAILED
from octotui.dumps.catching.traced import TraceDirectory
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.results import JobState
from octotui.dumps.rights import Rights, why_not_trace_ends
from octotui.dumps.service import DumpService
from octotui.dumps.staged.journal import Journal
from octotui.dumps.survival.recovery import recover
from octotui.dumps.targets.target import read_status
from octotui.dumps.verifying.elfcore import NT_OCTOTUI
from octotui.errors import ProcessGone, Refused
from octotui.processes.model import ProcessKey

AT_EXIT = When(at_exit=True)
FAILED = 3 << 8


def core_of(pid: int) -> bytes:
    """A small whole core as a tracer writes it."""
    own = note(b"octotui", NT_OCTOTUI, b"{}")
    return bytes(Core(pid=pid, threads=(pid,), writer="kernel", extra_notes=own))


def write_core(world: WatchWorld, key: ProcessKey, content: bytes = b"") -> str:
    """What a tracer leaves: a whole core in the directory that it was told."""
    (order,) = world.sentry.asked("arm") or world.sentry.asked("trace")
    path = Path(order["trace"]["directory"]) / f"dump-{key.pid}-{key.started}"
    path.write_bytes(content or core_of(key.pid))
    path.chmod(0o600)
    return str(path)


async def traced(world: WatchWorld, key: ProcessKey) -> None:
    world.watch.see(world.sample(key))
    world.sentry.of("caught", key, name="Calamari", held=False)
    world.sentry.of("tracing", key, threads=1, us=70)
    await world.until(lambda: any(c.key == key and c.stage is Stage.TRACED for c in world.rule.caught), "it is traced")


def written(world: WatchWorld, key: ProcessKey, status: int = FAILED) -> None:
    path = write_core(world, key)
    world.sentry.of("exiting", key, status=status)
    world.sentry.of("writing", key, bytes=1000)
    world.sentry.of(
        "written", key, status=status, path=path, bytes=9000, threads=3, late=0, left_managed=[key.pid],
        pause_seconds=0.25, life_seconds=1.5,
    )  # fmt: skip
    world.sentry.of("gone", key)
    world.sentry.of("ended", key)


async def test_a_calamari_that_fails_is_captured_at_its_end_and_the_record_says_how_it_ended(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    state = await world.arm(AT_EXIT)
    assert state.sentence == "the next Calamari: captured at its end, if it fails, once"
    await traced(world, sleeper.key)
    written(world, sleeper.key)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "it is captured")
    await world.watch.settle()
    (result,) = world.watch.results
    assert (result.outcome, result.backend, result.pause_seconds) == (JobState.FINISHED, "octotui", 0.25)
    assert result.path is not None
    record = json.loads((result.path.parent / f"{result.path.name}.json").read_text())
    assert record["exit"]["exit_code"] == 3
    assert record["exit"]["life_seconds"] == 1.5
    assert record["exit"]["threads_that_left_managed_code"] == [sleeper.key.pid]
    assert record["sha256"] == result.sha256 != ""
    assert (world.rule.seen, world.rule.captured) == (1, 1)
    await world.watch.aclose()
    assert world.leftovers() == []


async def test_one_that_ends_well_passes_and_the_rule_goes_on(world: WatchWorld, sleeper: Sleeper) -> None:
    await world.arm(AT_EXIT)
    await traced(world, sleeper.key)
    world.sentry.of("exiting", sleeper.key, status=0)
    world.sentry.of("passed", sleeper.key, status=0, why="it did not fail")
    world.sentry.of("ended", sleeper.key)
    await world.until(lambda: world.rule.passed == 1, "it has passed")
    assert world.rule.ending is None
    assert "it ended with exit code 0" in world.said


async def test_a_dump_that_is_not_whole_is_a_failure_and_leaves_nothing(world: WatchWorld, sleeper: Sleeper) -> None:
    await world.arm(AT_EXIT)
    await traced(world, sleeper.key)
    path = write_core(world, sleeper.key)
    os.truncate(path, 3000)
    world.sentry.of("writing", sleeper.key, bytes=1000)
    world.sentry.of("written", sleeper.key, status=signal.SIGKILL, path=path)
    await world.until(lambda: world.rule.failed == 1, "it has failed")
    assert world.watch.results[0].failure is not None
    assert "killed by SIGKILL" in world.said
    await world.watch.aclose()
    assert world.leftovers() == []
    assert list(world.store.directory.iterdir()) == []


async def test_a_tracer_cannot_have_another_file_taken(world: WatchWorld, sleeper: Sleeper, tmp_path: Path) -> None:
    await world.arm(AT_EXIT)
    await traced(world, sleeper.key)
    victim = tmp_path / "shadow"
    victim.write_bytes(bytes(Core()))
    world.sentry.of("writing", sleeper.key, bytes=1000)
    world.sentry.of("written", sleeper.key, status=FAILED, path=str(victim))
    await world.until(lambda: world.rule.failed == 1, "it is refused")
    assert victim.exists()


async def test_a_rule_outlives_those_that_there_was_no_tracer_left_for(
    world: WatchWorld, start_sleeper: Sleepers
) -> None:
    await world.arm(AT_EXIT, count=9)
    keys = [start_sleeper().key for _ in range(MOST_FAILURES + 1)]
    for key in keys:
        world.watch.see(world.sample(key))
        world.sentry.of("caught", key, name="Calamari", held=False)
        world.sentry.of("refused", key, code="enough-traced", message="64 processes are traced already", hint="wait")
    await world.until(lambda: world.rule.left == len(keys), "all of them are left")
    assert (world.rule.failed, world.rule.ending) == (0, None)


async def test_of_a_storm_of_processes_that_are_left_the_counts_stay_and_the_results_are_bounded(
    world: WatchWorld,
) -> None:
    await world.arm(AT_EXIT, count=9)
    keys = [ProcessKey(4_000_000 + number, 1) for number in range(MOST_FAILED + 20)]
    for key in keys:
        world.sentry.of("caught", key, name="Calamari", held=False)
        world.sentry.of("refused", key, code="enough-traced", message="64 processes are traced already", hint="wait")
    await world.until(lambda: world.rule.left == len(keys), "all of them are left")
    assert len(world.watch.results) == MOST_FAILED


async def test_half_a_dump_of_a_tracer_that_died_does_not_stay_until_its_rule_ends(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    await world.arm(AT_EXIT, count=9)
    await traced(world, sleeper.key)
    half = Path(write_core(world, sleeper.key))
    world.sentry.of("writing", sleeper.key, bytes=1000)
    world.sentry.of("failed", sleeper.key, status=None, message="the tracer died")
    await world.until(lambda: world.rule.failed == 1, "it has failed")
    await world.until(lambda: not half.exists(), "its half file is gone")
    assert world.rule.ending is None


async def test_of_many_that_end_at_once_as_many_are_kept_as_were_asked_for(
    world: WatchWorld, start_sleeper: Sleepers
) -> None:
    keys = [start_sleeper().key for _ in range(3)]
    await world.arm(AT_EXIT, max_parallel=3)
    for key in keys:
        await traced(world, key)
    for key in keys:
        world.sentry.of("exiting", key, status=FAILED)
        world.sentry.of("writing", key, bytes=10)
    await world.until(lambda: world.rule.left == 2, "two are left")
    assert [order["pid"] for order in world.sentry.asked("cancel")] == [key.pid for key in keys[1:]]
    for key in keys[1:]:
        world.sentry.of("written", key, status=FAILED, path=write_core(world, key))
    world.sentry.of("written", keys[0], status=FAILED, path=write_core(world, keys[0]))
    await world.until(lambda: world.rule.ending is Ending.COUNT, "one is captured")
    assert (world.rule.seen, world.rule.captured, world.rule.left) == (3, 1, 2)
    await world.watch.aclose()
    assert world.leftovers() == []


async def test_one_named_process_is_traced_from_now_and_the_rule_is_over_with_it(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    await world.arm(AT_EXIT, Whom(key=sleeper.key), world.sample(sleeper.key))
    assert world.sentry.asked("arm") == []
    (order,) = world.sentry.asked("trace")
    assert (order["pid"], order["any_status"]) == (sleeper.key.pid, False)
    world.sentry.of("tracing", sleeper.key, threads=11, us=300)
    world.sentry.of("passed", sleeper.key, status=0)
    await world.until(lambda: world.rule.ending is Ending.GONE, "it is over")
    assert world.rule.passed == 1


async def test_a_process_that_another_debugger_has_cannot_be_traced(world: WatchWorld, sleeper: Sleeper) -> None:
    await world.arm(AT_EXIT)
    world.watch.see(world.sample(sleeper.key))
    world.sentry.of("caught", sleeper.key, name="Calamari", held=False)
    world.sentry.of("untraceable", sleeper.key, code="traced", message="gdb 12 traces it", hint="end gdb")
    await world.until(lambda: world.rule.failed == 1, "it has failed")
    assert any(news.hint == "end gdb" for news in world.news)
    assert world.watch.results[0].outcome is JobState.FAILED


async def test_when_the_sentry_dies_while_a_dump_is_written_it_has_failed(world: WatchWorld, sleeper: Sleeper) -> None:
    await world.arm(AT_EXIT)
    await traced(world, sleeper.key)
    world.sentry.of("writing", sleeper.key, bytes=10)
    await world.until(lambda: world.rule.is_busy, "it is written")
    world.sentry.die()
    await world.until(lambda: world.rule.failed == 1, "it has failed")
    assert world.rule.ending is Ending.ERROR


async def test_what_is_still_being_written_when_octotui_ends_counts_as_left(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    await world.arm(AT_EXIT)
    await traced(world, sleeper.key)
    world.sentry.of("writing", sleeper.key, bytes=10)
    await world.until(lambda: world.rule.is_busy, "it is written")
    await world.watch.aclose()
    assert (world.rule.seen, world.rule.left, world.rule.is_busy) == (1, 1, False)
    assert world.leftovers() == []


async def test_a_dump_that_somebody_else_wrote_is_not_taken_for_ours(world: WatchWorld, sleeper: Sleeper) -> None:
    await world.arm(AT_EXIT)
    await traced(world, sleeper.key)
    path = write_core(world, sleeper.key, bytes(Core(pid=sleeper.key.pid, threads=(sleeper.key.pid,))))
    world.sentry.of("writing", sleeper.key, bytes=1000)
    world.sentry.of("written", sleeper.key, status=FAILED, path=path)
    await world.until(lambda: world.rule.failed == 1, "it is refused")


async def test_preflight_tells_what_a_trace_means_and_refuses_where_there_is_no_room(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    rule = Rule(CALAMARI, AT_EXIT)
    words = " ".join(remark.message for remark in await world.watch.preflight(rule, world.sample()))
    for part in ("createdump", "DOTNET_DbgEnableMiniDump", "threads more slowly", "deployment, waits"):
        assert part in words
    world.service._limits = Limits.parse("1", "0")
    with pytest.raises(Refused) as refused:
        await world.watch.arm(rule, world.sample())
    assert refused.value.code in ("no-space", "quota")
    assert world.sentry.starts == 0


@pytest.fixture
def crash_dumper() -> Iterator[ProcessKey]:
    """A process whose environment tells a runtime to write a dump when it crashes."""
    child = subprocess.Popen(["sleep", "600"], env={"DOTNET_DbgEnableMiniDump": "1", "PATH": "/usr/bin:/bin"})
    status = read_status(child.pid)
    assert status is not None
    yield ProcessKey(child.pid, status.started)
    child.kill()
    child.wait()


async def test_a_process_set_up_for_its_own_crash_dump_is_told_of_before_it_is_traced(
    world: WatchWorld, crash_dumper: ProcessKey
) -> None:
    command = Path(f"/proc/{crash_dumper.pid}/cmdline")
    await world.until(lambda: command.read_bytes().startswith(b"sleep"), "it has execed")
    remarks = await world.watch.preflight(Rule(Whom(key=crash_dumper), AT_EXIT), world.sample(crash_dumper))
    assert any(remark.code == "crash-dump" for remark in remarks)


async def test_without_the_right_to_trace_nothing_is_armed(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self/status").write_text("CapEff:\t0000000000000000\n")
    assert why_not_trace_ends(Rights(1000, 1000, 0), proc) == ("", "")
    assert "ptrace_scope = 1" in why_not_trace_ends(Rights(1000, 1000, 1), proc)[0]
    assert "CAP_SYS_PTRACE" in why_not_trace_ends(Rights(0, 0, 0), proc)[0]
    (proc / "self/status").write_text("CapEff:\t000001ffffffffff\n")
    assert why_not_trace_ends(Rights(0, 0, 2), proc) == ("", "")
    assert why_not_trace_ends(Rights(0, 0, 3), proc)[0]


async def test_a_rule_on_a_process_that_has_ended_is_refused(world: WatchWorld) -> None:
    with pytest.raises(ProcessGone):
        await world.arm(AT_EXIT, Whom(key=ProcessKey(1 << 21, 1)))


def test_an_octotui_that_is_killed_while_ends_are_written_leaves_no_half_file(tmp_path: Path) -> None:
    """What it had begun is gone at the next start; a capture under way is not shown for it."""
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from octotui.dumps.keeping.store import Store\n"
        "from octotui.dumps.catching.traced import TraceDirectory\n"
        "from octotui.dumps.service import DumpService\n"
        "store = Store(Path(sys.argv[1]))\n"
        "made = TraceDirectory.make(DumpService(store).workshop, store.directory)\n"
        "(made.path / 'dump-1-2').write_bytes(b'half')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    store = Store(tmp_path / "state" / "dumps")
    subprocess.run([sys.executable, "-c", program, str(store.directory)], check=False)
    journal = Journal(store.jobs)
    assert len(journal.entries()) == 1
    assert recover(store) == ()
    assert journal.entries() == {}
    assert list(store.state.rglob("dump-*")) == []
    assert list(store.directory.iterdir()) == []


def test_a_whole_dump_of_an_end_is_finished_by_the_next_octotui(tmp_path: Path) -> None:
    """Killed between the tracer's last byte and the record: the dump is listed with its end and its digest."""
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from octotui.dumps.captures.admission import Admission\n"
        "from octotui.dumps.catching.landing import Landing\n"
        "from octotui.dumps.catching.traced import ProcessEnd, TraceDirectory\n"
        "from octotui.dumps.keeping.store import Store\n"
        "from octotui.dumps.model import Target\n"
        "from octotui.dumps.service import DumpService\n"
        "from octotui.processes.model import ProcessKey\n"
        "workshop = DumpService(Store(Path(sys.argv[1]))).workshop\n"
        "made = TraceDirectory.make(workshop, workshop.store.directory)\n"
        "path = made.path / 'dump-42-7'\n"
        "path.write_bytes(Path(sys.argv[2]).read_bytes())\n"
        "path.chmod(0o600)\n"
        "Admission.admit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "landing = Landing(workshop, Target(ProcessKey(42, 7), 'Calamari'), None, workshop.store.directory, None)\n"
        "landing.land(made, ProcessEnd(str(path), 3 << 8, life_seconds=1.5))\n"
    )
    store, core = Store(tmp_path / "state" / "dumps"), tmp_path / "core"
    core.write_bytes(core_of(42))
    subprocess.run([sys.executable, "-c", program, str(store.directory), str(core)], check=False)
    assert len(Journal(store.jobs).entries()) == 2
    made = recover(store)
    assert [(record.outcome, record.is_verified) for record in made] == [("finished", True)]
    assert made[0].data["exit"]["exit_code"] == 3
    assert made[0].data["sha256"]
    assert list(store.state.rglob(".octotui-*")) == []
    assert Journal(store.jobs).entries() == {}


def test_a_place_for_ends_is_no_capture_under_way(tmp_path: Path) -> None:
    store = Store(tmp_path / "state" / "dumps")
    made = TraceDirectory.make(DumpService(store).workshop, store.directory)
    assert len(Journal(store.jobs).entries()) == 1
    assert Journal(store.jobs).under_way() == {}
    made.remove()
    made.remove()
    assert Journal(store.jobs).entries() == {}
