"""Matrix, the socket: where it is, whose it is, what keeps a runtime from having one, what would cost it."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, DotnetTarget, StartTarget, needs_root
from matrix_checks import check_answers, status_of
from matrix_targets import Started, has_socket, program
from matrix_world import MatrixWorld
from real_captures import wait_until

from octotui.demo.program import plain_program
from octotui.demo.runtimes import DotnetRuntime, find_runtime
from octotui.dotnet import ipc, runtime, wire
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dumps.targets.target import find_capturing_child, kill_capturing_child
from octotui.errors import DiagnosticsError

BACKENDS = pytest.mark.parametrize("backend", ["ipc", "createdump"])


def socket_of(target: DotnetTarget) -> DiagnosticsSocket:
    found = runtime.inspect(target.key).socket
    assert found is not None
    return found


@contextmanager
def listener(path: Path, uid: int) -> Iterator[None]:
    """Somebody else's socket at `path`, newer than the target's."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        made.listen()
        os.chown(path, uid, uid)
        yield
    path.unlink()


@pytest.mark.parametrize("name", ["own tmp", "d" * 150])
def test_socket_is_found_in_the_temp_directory_of_the_target(
    world: MatrixWorld, start_target: StartTarget, name: str
) -> None:
    # Its TMPDIR is a link, so the directory itself may lie deeper than an address can name.
    with tempfile.TemporaryDirectory(prefix="oct-far-") as far:
        place = Path(far) / name
        place.mkdir()
        link = Path(far) / "t"
        link.symlink_to(place)
        target = start_target(env={"TMPDIR": str(link)})
        assert Path(socket_of(target).path).parent == link
        assert [name for name in os.listdir(place) if name.endswith("-socket")] != []
        assert world.dump(target, "--type", "mini", "--backend", "ipc").status == 0


def test_socket_deeper_than_an_address_can_name_is_reached_all_the_same(target: DotnetTarget, tmp_path: Path) -> None:
    found = socket_of(target)
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    path = deep / Path(found.path).name
    os.link(found.path, path)
    assert len(str(path)) > 107
    far = DiagnosticsSocket(str(path), target.pid, found.uid)
    assert asyncio.run(ipc.process_info(far)).pid == target.pid


def test_temp_directory_too_long_for_a_socket_is_named_and_the_direct_way_taken(
    world: MatrixWorld, start_target: StartTarget, tmp_path: Path
) -> None:
    far = tmp_path / ("d" * 100)
    far.mkdir()
    target = start_target(env={"TMPDIR": str(far)})
    assert "its TMPDIR is too long for a socket" in world.dump(target, "--backend", "ipc").words
    assert world.dump(target, "--type", "mini").result["backend"] == "createdump"


@contextmanager
def without_temp_directory() -> Iterator[Started]:
    """A stand-in whose sockets lie in /tmp; they go with it."""
    standin = plain_program(find_runtime())
    environment = {**standin.environment, "TMPDIR": "", "OCTOTUI_STANDIN_STDIN": "1"}
    with program(standin.command, environment) as started:
        try:
            wait_until(lambda: has_socket(started.key) and runtime.inspect(started.key).threads > 5, "it runs")
            yield started
        finally:
            for left in Path("/tmp").glob(f"*-{started.pid}-{started.key.started}-*"):
                left.unlink()


def test_socket_in_tmp_is_found_where_no_temp_directory_is_set(world: MatrixWorld) -> None:
    with without_temp_directory() as target:
        found = runtime.inspect(target.key).socket
        assert found is not None
        assert found.path == f"/tmp/dotnet-diagnostic-{target.pid}-{target.key.started}-socket"
        assert world.dump(target, "--type", "mini", "--backend", "ipc").status == 0


@needs_root
def test_stale_socket_and_a_newer_false_one_of_another_user_are_ignored(
    world: MatrixWorld, start_target: StartTarget, each_runtime: str
) -> None:
    target = start_target(runtime=each_runtime)
    real = socket_of(target)
    false = target.tmpdir / f"dotnet-diagnostic-{target.pid}-{target.started + 1}-socket"
    with listener(false, NOBODY):
        assert socket_of(target) == real
        done = world.dump(target, "--type", "mini", "--backend", "ipc")
    assert done.status == 0


@needs_root
def test_false_socket_under_the_very_name_is_refused_by_its_owner(
    world: MatrixWorld, start_target: StartTarget
) -> None:
    target = start_target()
    path = Path(socket_of(target).path)
    hidden = path.with_name("hidden")
    path.rename(hidden)
    with listener(path, NOBODY):
        done = world.dump(target, "--backend", "ipc")
        assert (done.status, done.code) == (3, "no-backend")
        assert f"{path} is owned by uid {NOBODY}, the process runs as uid 0" in done.words
        assert world.dump(target, "--type", "mini").result["backend"] == "createdump"
    hidden.rename(path)
    check_answers(target.key, socket_of(target))


def test_false_socket_of_the_same_user_is_unmasked_by_its_pid(world: MatrixWorld, start_target: StartTarget) -> None:
    target = start_target()
    path = Path(socket_of(target).path)
    hidden = path.with_name("hidden")
    path.rename(hidden)
    with listener(path, os.geteuid()):
        (step,) = world.octotui("dump", str(target.pid), "--dry-run", "--json").document["plan"]["steps"]
        assert step["backend"] == "ipc"
        with pytest.raises(DiagnosticsError, match=f"process {os.getpid()} of uid 0 listens at the socket of process"):
            asyncio.run(ipc.process_info(socket_of(target)))
    hidden.rename(path)


@needs_root
def test_socket_answers_its_own_user_and_root_only(start_target: StartTarget) -> None:
    target = start_target(uid=NOBODY)
    found = socket_of(target)
    assert os.stat(found.path).st_mode & 0o777 == 0o600
    target.home.chmod(0o755)
    os.seteuid(1)
    try:
        with pytest.raises(DiagnosticsError) as caught:
            asyncio.run(ipc.process_info(found))
    finally:
        os.seteuid(0)
    assert (caught.value.code, caught.value.hint) == ("diagnostics-denied", f"run octotui as uid {NOBODY} or with sudo")


OFF = ["DOTNET_EnableDiagnostics=0", "COMPlus_EnableDiagnostics=0", "DOTNET_EnableDiagnostics_IPC=0"]


@pytest.mark.parametrize("switch", [*OFF, "COMPlus_EnableDiagnostics_IPC=0"])
def test_diagnostics_switched_off_leave_the_direct_way(
    world: MatrixWorld, start_target: StartTarget, switch: str
) -> None:
    name, _, value = switch.partition("=")
    target = start_target(env={name: value})
    refused = world.dump(target, "--backend", "ipc")
    assert (refused.status, refused.code) == (3, "no-backend")
    assert f"diagnostics are switched off in this process by {switch}" in refused.words
    done = world.dump(target, "--type", "mini")
    assert (done.status, done.result["backend"]) == (0, "createdump")


def test_diagnostics_switched_off_in_3_1_leave_the_direct_way(world: MatrixWorld, start_target: StartTarget) -> None:
    target = start_target(runtime="3.1", env={"COMPlus_EnableDiagnostics": "0"})
    assert "COMPlus_EnableDiagnostics=0" in world.dump(target, "--backend", "ipc").words
    assert world.dump(target, "--type", "mini").result["backend"] == "createdump"


def test_runtime_that_knows_the_first_command_only_is_asked_down_to_it(
    world: MatrixWorld, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    request = wire.dump_request

    def noted(command: int, path: str, kind: int) -> bytes:
        asked.append(command)
        return request(command, path, kind)

    monkeypatch.setattr(wire, "dump_request", noted)
    assert world.dump(start_target(runtime="3.1"), "--type", "mini", "--backend", "ipc").status == 0
    assert asked == [3, 2, 1]


def test_closing_the_connection_does_not_end_the_dump_but_octotui_does(start_target: StartTarget) -> None:
    target = start_target(ballast_mb=200)
    found = socket_of(target)
    with pytest.raises(DiagnosticsError, match="did not answer within"):
        asyncio.run(ipc.generate_core_dump(found, str(target.tmpdir / "dump"), timeout=0.2))
    assert find_capturing_child(target.key) is not None
    assert kill_capturing_child(target.key)
    wait_until(lambda: status_of(target.key).tracer_pid == 0 and status_of(target.key).state not in "tT", "it runs")
    check_answers(target.key, found)


def test_createdump_that_cannot_run_is_refused_and_the_socket_not_asked(
    world: MatrixWorld, start_target: StartTarget, copied_runtime: DotnetRuntime
) -> None:
    target = start_target(runtime=copied_runtime)
    kept = socket_of(target)
    copied_runtime.createdump.chmod(0o644)
    for backend in ("auto", "ipc", "createdump"):
        done = world.dump(target, "--backend", backend)
        assert (done.status, done.code) == (3, "no-backend")
        assert "is not executable for uid 0 (mode 0644)" in done.words
        assert done.hint == f"sudo chmod a+x {copied_runtime.createdump}"
    assert "asking for it would cost the process its socket" in world.dump(target, "--backend", "ipc").words
    copied_runtime.createdump.chmod(0o755)
    assert world.dump(target, "--type", "mini").result["backend"] == "ipc"
    copied_runtime.createdump.unlink()
    done = world.dump(target)
    assert (done.status, done.code) == (3, "no-backend")
    assert f"there is no {copied_runtime.createdump}" in done.words
    assert done.hint == "have the runtime of that version installed whole, with its createdump"
    assert socket_of(target) == kept
