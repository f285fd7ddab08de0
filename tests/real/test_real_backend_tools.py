"""dotnet-dump and gcore on real .NET processes: how they are found, as whom they run, and what becomes of the dump.

dotnet-dump itself is not to be had here, so `dotnet_dump_standin.py` speaks for it: with the real request, over the
real socket of a real runtime. gdb is the real one; where root runs these tests and gdb is missing, they fail.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, StartTarget, needs_root
from real_captures import Bench, check_finished, is_running, is_traced, status_of, until

from octotui.cli.plan_text import result_lines
from octotui.dumps.backends.dotnetdump import DotnetDumpBackend
from octotui.dumps.backends.gcore import GDB
from octotui.dumps.backends.registry import NAMES, table
from octotui.dumps.model import DumpType, Severity
from octotui.dumps.results import JobState
from octotui.dumps.verifying.verify import Writer, verify
from octotui.ui.lines.jobs import end_sentence

pytestmark = needs_root
SYSTEM_PYTHON = "/usr/bin/python3"
STAND_IN = Path(__file__).parent / "dotnet_dump_standin.py"
USERS = pytest.mark.parametrize("uid", [None, NOBODY], ids=["root", "nobody"])


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory of root in PATH with the stand-in; `report` in it tells how it was run."""
    made = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    made.chmod(0o755)
    open_to_all = made / "reports"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    tool = made / "dotnet-dump"
    text = STAND_IN.read_text().replace("PYTHON", SYSTEM_PYTHON).replace("REPORT", str(open_to_all / "report"))
    tool.write_text(text)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{made}:/usr/bin:/bin")
    yield made
    shutil.rmtree(made)


@USERS
@pytest.mark.parametrize("type", list(DumpType))
async def test_dotnet_dump_collects_with_the_rights_of_the_targets_user(
    bench: Bench, start_target: StartTarget, tools: Path, uid: int | None, type: DumpType
) -> None:
    target = start_target(uid=uid)
    result = await bench.capture(target, "dotnet-dump", type)
    check_finished(result, target)
    assert (result.backend, result.is_portable) == ("dotnet-dump", True)
    report = json.loads((tools / "reports/report").read_text())
    assert report["uid"] == (uid or 0)
    assert "NoNewPrivs:\t1" in report["status"]
    if uid:
        assert "CapEff:\t0000000000000000" in report["status"]
    assert not {"OCTOTUI_STATE", "PWD", "USER"} & set(report["variables"])
    assert is_running(target)
    assert bench.leftovers() == []


async def test_a_newer_socket_with_the_pid_in_its_name_is_not_taken(
    bench: Bench, start_target: StartTarget, tools: Path
) -> None:
    target = start_target()
    decoy = socket.socket(socket.AF_UNIX)
    decoy.bind(str(target.tmpdir / f"dotnet-diagnostic-{target.pid}-1-socket"))
    decoy.listen()
    try:
        check_finished(await bench.capture(target, "dotnet-dump"), target)
    finally:
        decoy.close()
    (name,) = json.loads((tools / "reports/report").read_text())["names"]
    assert name.endswith(f"-{target.pid}-{target.key.started}-socket")


async def test_a_cancelled_dotnet_dump_takes_the_createdump_of_the_target_along(
    bench: Bench, start_target: StartTarget, tools: Path
) -> None:
    target = start_target(uid=NOBODY, ballast_mb=300)
    (job,) = bench.service.submit(await bench.plan(target, "dotnet-dump"))
    await until(lambda: is_traced(target), "the target is being captured")
    bench.service.cancel(job.id)
    (result,) = await bench.service.wait((job,))
    assert result.outcome is JobState.CANCELLED
    assert is_running(target)
    assert status_of(target).tracer_pid == 0
    assert bench.leftovers() == []


async def test_a_dotnet_dump_that_its_user_can_change_is_not_started_by_root(
    bench: Bench, start_target: StartTarget, tools: Path
) -> None:
    os.chown(tools / "dotnet-dump", NOBODY, NOBODY)
    plan = await bench.plan(start_target(uid=NOBODY), "dotnet-dump")
    (refusal,) = plan.of(Severity.REFUSAL)
    assert f"someone other than root can change {tools}/dotnet-dump" in refusal.message
    assert not (tools / "reports/report").exists()


async def test_a_tool_that_is_not_there_is_a_word_only_to_who_asks_for_it(
    bench: Bench, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    target = start_target()
    plan = await bench.plan(target)
    assert [passed.backend for passed in plan.steps[0].passed_over] == ["createdump"]
    plan = await bench.plan(target, "dotnet-dump")
    (refusal,) = plan.of(Severity.REFUSAL)
    assert "dotnet-dump is not installed" in refusal.message
    assert refusal.hint == "sudo dotnet tool install --tool-path /usr/local/bin dotnet-dump"


@USERS
async def test_gcore_gives_a_dump_that_is_labelled_everywhere(
    bench: Bench, start_target: StartTarget, uid: int | None
) -> None:
    assert shutil.which("gdb") in GDB, "install gdb: apt-get install gdb"
    target = start_target(uid=uid, marker="deployment variable", ballast_mb=8)
    assert all(step.backend != "gcore" for step in (await bench.plan(target)).steps)
    plan = await bench.plan(target, "gcore")
    assert not plan.steps[0].is_portable
    assert "not-portable" in {remark.code for remark in plan.of(Severity.NOTICE)}
    result = await bench.run(plan)
    assert result.outcome is JobState.FINISHED, result.failure
    assert result.as_json()["portable"] is False
    assert result_lines([result])[0].endswith("verified, not portable")
    assert "not portable" in end_sentence(result)
    assert result.path is not None
    assert result.path.stat().st_mode & 0o777 == 0o600
    facts = verify(result.path)
    assert (facts.writer, facts.pid, facts.is_portable) == (Writer.GCORE, target.pid, False)
    assert target.marker_bytes in result.path.read_bytes()
    assert is_running(target)
    assert bench.leftovers() == []


@pytest.mark.parametrize("type", [DumpType.MINI, DumpType.TRIAGE, DumpType.FULL])
async def test_gcore_is_refused_for_a_type_that_it_cannot_write(
    bench: Bench, start_target: StartTarget, type: DumpType
) -> None:
    plan = await bench.plan(start_target(), "gcore", type)
    (refusal,) = plan.of(Severity.REFUSAL)
    assert refusal.hint == "use --type heap"


async def test_a_cancelled_gcore_leaves_the_target_running_and_no_file(bench: Bench, start_target: StartTarget) -> None:
    target = start_target(uid=NOBODY, ballast_mb=300)
    (job,) = bench.service.submit(await bench.plan(target, "gcore"))
    await until(lambda: is_traced(target), "the target is being captured")
    bench.service.cancel(job.id)
    (result,) = await bench.service.wait((job,))
    assert result.outcome is JobState.CANCELLED
    assert is_running(target)
    assert bench.leftovers() == []


async def test_gdb_does_not_read_as_root_what_others_can_change(
    bench: Bench, start_target: StartTarget, tools: Path
) -> None:
    library = tools / "reports" / "libtheirs.so"
    shutil.copy("/lib/x86_64-linux-gnu/libm.so.6", library)
    os.chown(library, NOBODY, NOBODY)
    target = start_target(env={"LD_PRELOAD": str(library)})
    plan = await bench.plan(target, "gcore")
    (refusal,) = plan.of(Severity.REFUSAL)
    assert f"gdb would read {tools}/reports as root" in refusal.message


def test_every_backend_says_what_it_needs_and_what_it_does() -> None:
    rows = table()
    assert tuple(row.name for row in rows) == NAMES == ("ipc", "createdump", "dotnet-dump", "gcore")
    assert all(row.needs and row.does and row.title for row in rows)
    assert [row.limits for row in rows if row.limits] == ["only when it is asked for by name, not portable"]
    assert DotnetDumpBackend.is_portable
