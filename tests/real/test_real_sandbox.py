"""The mounts of a createdump that root starts for another user: what can run in them, and captures without them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, DotnetTarget, StartTarget, needs_root
from real_captures import Bench, check_finished, is_running, is_traced, sample_of, status_of, until

from octotui.dumps.backends import launching, sandbox
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.model import DumpPlan, DumpRequest, DumpType, Severity
from octotui.dumps.rights import read_rights
from octotui.dumps.service import DumpService

pytestmark = needs_root
WHY = "no private mounts can be made for it (Operation not permitted)"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of root that everybody may pass, with two programs in it."""
    made = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    made.chmod(0o755)
    (made / "below").mkdir()
    for name in ("true", "below/true"):
        shutil.copy("/bin/true", made / name)
    yield made
    shutil.rmtree(made)


def inside(programs: list[str], work: Callable[[], object]) -> object:
    """What `work` gives in a thread that has such mounts."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(sandbox.enter, programs).result()
        return thread.submit(work).result()


def can_run(path: Path | str) -> bool:
    try:
        return subprocess.run([path], check=False, cwd="/").returncode == 0
    except PermissionError:
        return False


def test_only_what_was_named_can_be_run_and_only_there(place: Path) -> None:
    named, other = str(place / "true"), str(place / "below/true")
    assert inside([named], lambda: (can_run(named), can_run(other))) == (True, False)
    assert inside([str(place)], lambda: (can_run(named), can_run(other))) == (True, True)
    assert can_run(named)
    assert can_run(other)


@pytest.mark.parametrize("spoiled", ["below", "below/true"])
@pytest.mark.parametrize("mode", [0o757, 0o775, 0o1777, "owner"])
def test_what_others_can_change_below_a_named_directory_stays_closed(
    place: Path, spoiled: str, mode: int | str
) -> None:
    if mode == "owner":
        os.chown(place / spoiled, NOBODY, NOBODY)
    else:
        (place / spoiled).chmod(int(mode))
    found = inside([str(place)], lambda: (can_run(place / "true"), can_run(place / "below/true")))
    assert found == (True, False)


def test_a_directory_that_others_can_change_is_never_opened(place: Path) -> None:
    place.chmod(0o775)
    with pytest.raises(sandbox.SandboxError, match="someone other than root can change"):
        inside([str(place)], lambda: pytest.fail("it went on"))


def test_no_link_of_proc_leads_out_of_it(place: Path) -> None:
    links = ("exe", "cwd", "ns/mnt", f"root{place}/true")
    ways = [Path("/proc/self/exe"), *(Path(f"/proc/{os.getpid()}/{link}") for link in links)]
    assert all(way.exists() for way in ways)
    for way in ways:
        with pytest.raises(OSError, match="Too many levels of symbolic links"):
            inside([str(place)], way.stat)


def test_a_mount_that_is_made_later_does_not_come_in(place: Path) -> None:
    subprocess.run(["mount", "--bind", place, place], check=True)
    subprocess.run(["mount", "--make-shared", place], check=True)
    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(sandbox.enter, [str(place)]).result()
            subprocess.run(["mount", "--bind", "/usr/bin", place / "below"], check=True)
            assert (place / "below/env").exists()
            assert thread.submit((place / "below/env").exists).result() is False
    finally:
        subprocess.run(["umount", "-R", "-l", place], check=True)


def test_octotui_itself_keeps_its_mounts() -> None:
    mine = os.readlink("/proc/self/ns/mnt")
    assert sandbox.why_not() == ""
    with pytest.raises(sandbox.SandboxError, match="not to be changed"):
        sandbox.enter([])
    assert os.readlink("/proc/thread-self/ns/mnt") == mine
    assert {os.readlink(f"/proc/self/task/{task}/ns/mnt") for task in os.listdir("/proc/self/task")} == {mine}


async def test_createdump_of_anothers_process_has_mounts_of_its_own(bench: Bench, start_target: StartTarget) -> None:
    mine = os.readlink("/proc/self/ns/mnt")
    for uid in (NOBODY, None):
        target = start_target(uid=uid, ballast_mb=200)
        jobs = bench.service.submit(await bench.plan(target, "createdump"))
        await until(lambda target=target: is_traced(target), "the target is being captured")  # type: ignore[misc]
        has_own = os.readlink(f"/proc/{status_of(target).tracer_pid}/ns/mnt") != mine
        check_finished((await bench.service.wait(jobs))[0], target)
        assert has_own is (uid == NOBODY)
        assert is_running(target)


@pytest.mark.parametrize("type", list(DumpType))
async def test_each_type_of_each_runtime_is_captured_in_it(
    bench: Bench, start_target: StartTarget, each_runtime: str, type: DumpType
) -> None:
    target = start_target(uid=NOBODY, runtime=each_runtime)
    plan = await bench.plan(target, "createdump", type)
    assert plan.steps[0].type is type
    check_finished(await bench.run(plan), target)
    assert is_running(target)


async def without_sandbox(bench: Bench, target: DotnetTarget, type: DumpType) -> tuple[DumpService, DumpPlan]:
    backend = CreatedumpBackend(read_rights(), stand_ins=lambda: (), why_no_sandbox=lambda: WHY)
    service = DumpService(bench.store, backends=[backend], limits=Limits.none())
    request = DumpRequest((target.key,), frozenset({target.key}), type=type, backend="createdump")
    return service, await service.plan(request, sample_of(target))


@pytest.mark.parametrize("type", list(DumpType))
async def test_where_none_can_be_made_everything_is_written_and_no_library_opened(
    bench: Bench, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch, type: DumpType
) -> None:
    monkeypatch.setattr(sandbox, "enter", lambda programs: pytest.fail("it was tried all the same"))
    commands: list[list[str]] = []

    def noted(command: list[str], *rest: object, **options: object) -> subprocess.Popen[bytes]:
        commands.append(command)
        return launching.start(command, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("octotui.dumps.backends.createdump.start", noted)
    target = start_target(uid=NOBODY)
    service, plan = await without_sandbox(bench, target, type)
    assert plan.steps[0].type is DumpType.FULL
    assert ("full-only" in {remark.code for remark in plan.of(Severity.NOTICE)}) is (type is not DumpType.FULL)
    (result,) = await service.wait(service.submit(plan))
    check_finished(result, target)
    assert [command[1:3] for command in commands] == [["-u", "--singlefile"]]
    await service.aclose()


async def test_where_none_can_be_made_and_no_such_createdump_is_there_it_is_refused(
    bench: Bench, start_target: StartTarget
) -> None:
    target = start_target(uid=NOBODY, runtime="3.1")
    service, plan = await without_sandbox(bench, target, DumpType.FULL)
    (refusal,) = plan.of(Severity.REFUSAL)
    assert WHY in refusal.message
    assert refusal.hint == "use --backend ipc"
    os.kill(target.pid, 19)
    await until(lambda: status_of(target).state == "T", "it is stopped")
    service, plan = await without_sandbox(bench, target, DumpType.FULL)
    (refusal,) = plan.of(Severity.REFUSAL)
    assert f"sudo -u '#{NOBODY}'" in refusal.hint
    assert refusal.hint.endswith(f"dump {target.pid}")
    await service.aclose()


def test_a_host_that_forbids_it_is_told_apart_from_one_that_allows_it() -> None:
    """A root without CAP_SYS_ADMIN, as in a plain container."""
    text = "from octotui.dumps.backends import sandbox; print(sandbox.why_not())"
    done = subprocess.run(
        ["setpriv", "--bounding-set=-sys_admin", sys.executable, "-c", text], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == WHY
