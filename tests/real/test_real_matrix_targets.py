"""Matrix, the targets: not .NET, another's, traced, stopped, replaced, single-file, not yet started."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

import pytest
from dotnet_targets import NOBODY, StartTarget, needs_root
from matrix_checks import status_of
from matrix_targets import LISTENER, has_socket, program, reused, traced
from matrix_world import MatrixWorld
from real_captures import wait_until

from octotui.cli import capture
from octotui.demo.program import plain_program
from octotui.demo.runtimes import find_runtime
from octotui.dumps.commands import as_root
from octotui.dumps.targets.target import read_status

BACKENDS = pytest.mark.parametrize("backend", ["ipc", "createdump"])


@pytest.mark.parametrize("backend", ["auto", "ipc", "createdump"])
def test_program_that_is_not_dotnet_is_refused_by_every_backend(world: MatrixWorld, backend: str) -> None:
    with program(["sleep", "600"]) as target:
        done = world.dump(target, "--backend", backend)
    assert (done.status, done.outcome, done.code) == (3, "refused", "not-dotnet")
    assert done.words == f"process {target.pid} (sleep) cannot be captured: it is not a .NET process"
    assert done.hint == f"its .NET descendants can be captured: octotui dump --tree {target.pid}"


@needs_root
@BACKENDS
def test_process_of_another_user_is_refused_with_the_command_that_may(
    world: MatrixWorld, start_target: StartTarget, backend: str
) -> None:
    target = start_target()
    done = world.dump(target, "--backend", backend, as_uid=NOBODY)
    assert (done.status, done.outcome, done.code) == (3, "refused", "other-user")
    assert done.words.startswith(f"process {target.pid} (dotnet) belongs to root (uid 0); only that user and root")
    assert done.hint == as_root("dump", str(target.pid))


@BACKENDS
def test_traced_target_is_refused_and_its_tracer_named(
    world: MatrixWorld, start_target: StartTarget, backend: str
) -> None:
    target = start_target()
    with traced(target.key) as tracer:
        done = world.dump(target, "--backend", backend, is_traced=True)
    assert (done.status, done.code) == (3, "traced")
    assert f"process {target.pid} (dotnet) is being traced by " in done.words
    assert f"(pid {tracer})" in done.words
    assert done.hint == f"end that tracer or wait for it: ps -fp {tracer}"


def test_stopped_target_is_captured_directly_and_stays_stopped(
    world: MatrixWorld, start_target: StartTarget, each_runtime: str
) -> None:
    target = start_target(runtime=each_runtime, marker="held")
    target.hold()
    done = world.dump(target, is_stopped=True)
    assert (done.status, done.result["backend"]) == (0, "createdump")
    assert target.marker_bytes in done.path.read_bytes()


def test_stopped_target_is_refused_to_the_socket_which_it_could_not_answer(
    world: MatrixWorld, start_target: StartTarget
) -> None:
    target = start_target()
    target.hold()
    done = world.dump(target, "--backend", "ipc", is_stopped=True)
    assert (done.status, done.code) == (3, "no-backend")
    assert "it is stopped, so its runtime cannot answer" in done.words
    target.release()
    wait_until(lambda: status_of(target.key).state != "T", "it runs")
    assert world.dump(target, "--backend", "ipc", "--type", "mini").status == 0


@needs_root
def test_process_that_took_over_the_pid_after_the_plan_is_not_captured(
    world: MatrixWorld, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = start_target()
    original = capture._captured
    with ExitStack() as stack:

        async def replaced(*arguments: Any) -> int:
            target.stop()
            stack.enter_context(reused(target.pid))
            return await original(*arguments)

        monkeypatch.setattr(capture, "_captured", replaced)
        done = world.dump(target, "--type", "mini", ends=True)
        usurper = read_status(target.pid)
        assert usurper is not None and usurper.state in "RS" and usurper.tracer_pid == 0
    assert (done.status, done.outcome, done.code) == (3, "refused", "pid-reused")
    assert done.words.startswith(f"pid {target.pid} now belongs to another process (")
    assert done.hint == "look at the tree again"


@pytest.mark.parametrize("type", ["heap", "mini", "triage", "full"])
def test_single_file_program_is_planned_in_full_whatever_was_asked(world: MatrixWorld, type: str) -> None:
    """No single-file .NET can be had without network: here is what one looks like from outside.

    Captures of a real one (npm: @microsoft/sarif-multitool-linux) are made by hand.
    """
    with program([sys.executable, "-c", LISTENER], is_ready=has_socket) as target:
        plan = world.octotui("dump", str(target.pid), "--type", type, "--dry-run", "--json").document["plan"]
        (step,) = plan["steps"]
        assert (step["type"], step["backend"]) == ("full", "ipc")
        assert [passed["reason"] for passed in step["passed_over"] if passed["backend"] == "createdump"] == [
            "there is no createdump beside its runtime"
        ]
        said = [remark["message"] for remark in plan["remarks"] if remark["code"] == "full-only"]
        assert said == [] if type == "full" else "can only be dumped in full: its dump will be full" in said[0]
        done = world.dump(target, "--type", type)
        # It says OK to every request for a dump, and writes none.
        assert (done.status, done.code, done.result["type"]) == (1, "no-file", "full")


def test_target_that_ended_after_the_tree_was_read_is_named_as_gone(
    world: MatrixWorld, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = start_target()
    original = capture.run

    async def too_late(*arguments: Any, **options: Any) -> int:
        target.stop()
        return await original(*arguments, **options)

    monkeypatch.setattr(capture, "run", too_late)
    done = world.dump(target, ends=True)
    assert (done.status, done.code, done.hint) == (3, "process-gone", "look at the tree again")
    assert done.words == f"process {target.pid} (dotnet) cannot be captured: it has ended"


SUSPENDED = {
    "default port": {"DOTNET_DefaultDiagnosticPortSuspend": "1"},
    "reverse port": {"DOTNET_DiagnosticPorts": "{tmp}/nobody-listens"},
    "reverse port, asked": {"DOTNET_DiagnosticPorts": "{tmp}/nobody-listens,suspend,connect"},
}


@pytest.mark.parametrize("how", list(SUSPENDED))
@BACKENDS
def test_target_suspended_at_its_start_is_captured_and_never_resumed(
    world: MatrixWorld, how: str, backend: str, tmp_path: Any
) -> None:
    standin = plain_program(find_runtime())
    ports = {name: value.format(tmp=tmp_path) for name, value in SUSPENDED[how].items()}
    ready = tmp_path / "ready"
    environment = {**standin.environment, **ports, "OCTOTUI_STANDIN_READY": str(ready), "OCTOTUI_STANDIN_STDIN": "1"}
    with program(standin.command, environment, is_ready=has_socket) as target:
        plan = world.octotui("dump", str(target.pid), "--type", "mini", "--dry-run", "--json").document["plan"]
        (said,) = (remark["message"] for remark in plan["remarks"] if remark["code"] == "waits-at-start")
        assert f"waits for a diagnostics tool ({next(iter(ports))}=" in said
        # Anything less makes createdump crash, or write nothing and say OK.
        done = world.dump(target, "--type", "mini", "--backend", backend)
        assert (done.status, done.result["backend"], done.result["type"]) == (0, backend, "full"), done
        assert not ready.exists(), "managed code ran: somebody resumed the runtime"


@BACKENDS
def test_reverse_port_without_listener_does_not_stand_in_the_way(
    world: MatrixWorld, start_target: StartTarget, backend: str, tmp_path: Any
) -> None:
    target = start_target(env={"DOTNET_DiagnosticPorts": f"{tmp_path}/nobody-listens,nosuspend"})
    assert world.dump(target, "--type", "mini", "--backend", backend).status == 0
