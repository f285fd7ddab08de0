"""A process that was built to have octotui run its code: no file of it is ever started or loaded by octotui."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, StartTarget, needs_gcc, needs_root
from real_captures import Bench, sample_of, wait_until

from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import start_ticks
from octotui.dotnet import runtime
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.backends.hosttools import host_tools
from octotui.dumps.backends.registry import AUTO, NAMES
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.model import DumpRequest, DumpType, Severity
from octotui.dumps.results import JobState
from octotui.dumps.service import DumpService
from octotui.processes.model import ProcessKey

pytestmark = [needs_root, needs_gcc]
SOURCES = Path(__file__).parent / "attack"
BAITS = ("libmscordaccore.so", "libmscordbi.so", "libthread_db.so.1", "createdump", "dotnet-dump", "gdb")


LIES = ("path", "root", "cwd")
"""How a process names its bait as the place of root's runtime that it really maps: see `forge` in target.c."""


class Attacker:
    """The process of uid 65534, its directory of bait, and the markers that the bait leaves when anybody runs it.

    With one of `LIES` it maps root's own runtime, and only says that this lies beside the bait.
    """

    def __init__(self, home: Path, manner: str) -> None:
        self.home = home
        self.markers = home / "markers"
        self.markers.mkdir()
        self.markers.chmod(0o777)
        self.bait = home / "runtime"
        self.bait.mkdir()
        for name in BAITS:
            options = ["-shared", "-fPIC"] if ".so" in name else []
            self._compile("marker.c", name, *options, f'-DNAME="{name}"', f'-DPLACE="{self.markers}"')
        self._compile("target.c", "Calamari")
        empty = self.bait / "empty.c"
        empty.write_text("int coreclr_initialize(void) { return 0; }\n")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", self.bait / "libcoreclr.so", empty], check=True)
        script = f"open('{self.markers}/script-%d' % __import__('os').geteuid(), 'w')\n"
        for name in ("libcoreclr.so-gdb.py", "Calamari-gdb.py"):
            (self.bait / name).write_text(script)
        for name in (".gdbinit", "libcoreclr.so-gdb.gdb", "Calamari-gdb.gdb"):
            (self.bait / name).write_text(f"shell touch {self.markers}/gdbinit-$(id -u)\n")
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.bait], check=True)
        is_liar = manner in LIES
        library = find_runtime("8.0").directory / "libcoreclr.so" if is_liar else self.bait / "libcoreclr.so"
        self.process = subprocess.Popen(
            [self.bait / "Calamari", library, self.bait, *(["polite", manner] if is_liar else [manner])],
            env={"TMPDIR": str(self.bait), "HOME": str(self.bait)},
            cwd=self.bait,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"
        self.pid = self.process.pid
        self.key = ProcessKey(self.pid, start_ticks(self.pid))

    def _compile(self, source: str, name: str, *options: str) -> None:
        subprocess.run(["gcc", *options, "-o", self.bait / name, SOURCES / source, "-ldl"], check=True)

    def found(self) -> list[str]:
        """The markers there are."""
        return sorted(os.listdir(self.markers))

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def attacker(request: pytest.FixtureRequest) -> Iterator[Attacker]:
    home = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    home.chmod(0o755)
    made = Attacker(home, getattr(request, "param", "polite"))
    try:
        yield made
    finally:
        made.end()
        shutil.rmtree(home)


def test_the_bait_works_when_somebody_takes_it(attacker: Attacker) -> None:
    """The proof that the other tests can fail: a trusted createdump that root starts does load the library."""
    facts = runtime.inspect(attacker.key)
    assert facts.runtime_directory == str(attacker.bait)
    assert facts.socket is not None
    tool = find_runtime("8.0").createdump
    subprocess.run([tool, "-n", "-f", attacker.markers / "core", str(attacker.pid)], capture_output=True, check=False)
    assert "libmscordaccore.so-0" in attacker.found()


@pytest.mark.parametrize("attacker", LIES, indirect=True)
@pytest.mark.parametrize("uid", [0, NOBODY])
def test_the_bait_of_a_liar_works_too(attacker: Attacker, uid: int) -> None:
    """Nothing that can be seen of the process from outside betrays it, and both users fall for its word."""
    facts = runtime.inspect(attacker.key)
    assert facts.runtime_directory == str(find_runtime("8.0").directory)
    assert facts.createdump is not None
    assert (facts.createdump.untrusted, facts.createdump.is_runnable, facts.same_mounts) == ("", True, True)
    command = [facts.createdump.path, "-n", "-f", attacker.markers / "core", str(attacker.pid)]
    subprocess.run(command, capture_output=True, check=False, user=uid, group=uid, extra_groups=[])
    assert f"libmscordaccore.so-{uid}" in attacker.found()


@pytest.mark.parametrize("attacker", ["polite", *LIES], indirect=True)
@pytest.mark.parametrize("is_stopped", [False, True])
@pytest.mark.parametrize("type", list(DumpType))
@pytest.mark.parametrize("backend", [AUTO, *NAMES])
async def test_no_backend_and_no_type_runs_what_the_process_brought_along(
    bench: Bench,
    attacker: Attacker,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    type: DumpType,
    is_stopped: bool,
) -> None:
    """No marker at all: not of root, and not of the attacker's own user either.

    What octotui starts as the attacker's user would be no gain of rights by uid. But it would run outside of the
    control group, the system call filter and the namespaces that hold the attacker's process, so root starts only
    what root alone can change, and lets it load no more. The attacker's own PATH entry is no exception.
    """
    monkeypatch.setenv("PATH", f"{attacker.bait}:{os.environ['PATH']}")
    monkeypatch.setenv("DOTNET_ROOT", str(attacker.bait))
    if is_stopped:
        os.kill(attacker.pid, 19)
        wait_until(lambda: runtime.inspect(attacker.key).state == "T", "it is stopped")
    plan = await bench.plan(attacker, backend, type)  # type: ignore[arg-type]
    if plan.is_refused:
        (refusal,) = plan.of(Severity.REFUSAL)
        assert refusal.message and refusal.hint
    else:
        result = await bench.run(plan)
        # gdb knows nothing of .NET and copies the memory; the others have nothing that they could capture.
        assert (result.outcome is JobState.FINISHED) is (result.backend == "gcore"), result
    assert attacker.found() == []
    assert attacker.process.poll() is None
    assert list(bench.store.state.rglob(".octotui-*")) == []


@pytest.mark.parametrize("type", list(DumpType))
async def test_a_createdump_of_the_host_captures_it_without_opening_a_library_of_it(
    bench: Bench, attacker: Attacker, tmp_path_factory: pytest.TempPathFactory, type: DumpType
) -> None:
    trusted = find_runtime("8.0").root
    tools = host_tools([str(trusted)], Path("/nonexistent"))
    assert [tool.path for tool in tools] == [str(find_runtime("8.0").createdump)]
    backend = CreatedumpBackend(bench.service._rights, stand_ins=lambda: tools)
    service = DumpService(bench.store, backends=[backend], limits=Limits.none())
    request = DumpRequest((attacker.key,), frozenset({attacker.key}), type=type, backend="createdump")
    plan = await service.plan(request, sample_of(attacker))  # type: ignore[arg-type]
    (step,) = plan.steps
    assert step.type is DumpType.FULL
    assert ("full-only" in {remark.code for remark in plan.remarks}) is (type is not DumpType.FULL)
    (result,) = await service.wait(service.submit(plan))
    await service.aclose()
    assert result.outcome is JobState.FINISHED, result.failure
    assert attacker.found() == []


@pytest.mark.parametrize(
    ("attacker", "code", "words"),
    [
        ("garbage", "socket-silent", "something else than the diagnostics protocol"),
        ("slow", "socket-silent", "did not answer within"),
        ("endless", "no-file", "left no dump"),
        ("silent", "socket-silent", "did not answer within"),
        ("polite", "no-file", "left no dump"),
    ],
    indirect=["attacker"],
)
async def test_a_process_that_answers_ill_fails_in_words_and_holds_nobody_up(
    bench: Bench, attacker: Attacker, code: str, words: str
) -> None:
    result = await bench.capture(attacker, "ipc")  # type: ignore[arg-type]
    assert result.outcome is JobState.FAILED
    assert result.failure is not None
    assert result.failure.code == code, result.failure
    assert words in result.failure.message
    assert result.failure.message.isprintable()
    assert attacker.found() == []
    assert bench.leftovers() == []


async def test_a_socket_directory_swapped_between_check_and_use_reaches_nobody_else(
    bench: Bench, attacker: Attacker
) -> None:
    """The swapped directory leads to a socket of root under the very name: it is asked nothing."""
    plan = await bench.plan(attacker, "ipc")  # type: ignore[arg-type]
    socket_path = Path(plan.steps[0].facts.socket.path)  # type: ignore[union-attr]
    theirs = attacker.home / "roots"
    theirs.mkdir()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(theirs / socket_path.name))
    listener.listen()
    listener.setblocking(False)
    attacker.home.chmod(0o777)
    attacker.bait.rename(attacker.home / "moved")
    attacker.bait.symlink_to(theirs)
    try:
        result = await bench.run(plan)
        assert result.outcome in (JobState.REFUSED, JobState.FAILED)
        assert result.failure is not None
        assert result.failure.message
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            pass
        else:
            assert connection.recv(64) == b""
            connection.close()
    finally:
        listener.close()
    assert list(bench.store.state.rglob(".octotui-*")) == []


def another_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"])


async def test_a_plan_that_names_another_process_by_now_is_refused(bench: Bench, start_target: StartTarget) -> None:
    target = start_target()
    plan = await bench.plan(target, "createdump")
    process = another_process()
    try:
        pid = process.pid
        step = replace(plan.steps[0], target=replace(plan.steps[0].target, key=ProcessKey(pid, start_ticks(pid))))
        result = await bench.run(replace(plan, steps=(step,)))
        assert result.outcome is JobState.REFUSED
        assert result.failure is not None
        assert result.failure.code == "changed"
    finally:
        process.kill()
        process.wait()
