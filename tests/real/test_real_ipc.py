"""The diagnostics socket of real .NET processes: questions, dumps, refusals, targets that stand still or die."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, DotnetTarget, StartTarget, needs_root

from octotui.dotnet.ipc import DumpKind, generate_core_dump, process_info
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.runtime import inspect
from octotui.errors import DiagnosticsError


def socket_of(target: DotnetTarget) -> DiagnosticsSocket:
    found = inspect(target.key).socket
    assert found is not None
    return found


async def until(is_reached: Callable[[], bool]) -> None:
    while not is_reached():  # noqa: ASYNC110 -- the kernel's state has no event
        await asyncio.sleep(0.005)


async def test_net_8_says_who_it_is(start_target: StartTarget) -> None:
    target = start_target(argv=["run", "--instance=blue"])

    info = await process_info(socket_of(target))

    assert info.pid == target.pid
    assert info.version == "8.0.4"
    assert info.entry_assembly == "Standin"
    assert info.arch == "x64"
    assert info.command.endswith("Standin.dll run --instance=blue")


async def test_net_core_3_1_answers_without_knowing_the_question(start_target: StartTarget) -> None:
    target = start_target(runtime="3.1")

    info = await process_info(socket_of(target))

    assert info.pid == target.pid
    assert info.version == info.command == ""


async def test_each_runtime_writes_its_own_dump(start_target: StartTarget, each_runtime: str) -> None:
    target = start_target(runtime=each_runtime, marker="a marker of the heap", ballast_mb=16)
    path = target.tmpdir / "dump of a % name"

    await generate_core_dump(socket_of(target), str(path).replace("%", "%%"), DumpKind.HEAP, timeout=120)

    written = next(target.tmpdir.glob("dump of*")).read_bytes()
    assert written.startswith(b"\x7fELF")
    assert target.marker_bytes in written
    assert target.alive()


@needs_root
async def test_a_dump_belongs_to_the_targets_user(start_target: StartTarget) -> None:
    target = start_target(uid=NOBODY)
    path = target.tmpdir / "dump"

    await generate_core_dump(socket_of(target), str(path), DumpKind.NORMAL, timeout=120)

    status = path.stat()
    assert (status.st_uid, status.st_mode & 0o777) == (NOBODY, 0o600)


async def test_createdumps_words_come_back_when_it_fails(target: DotnetTarget) -> None:
    path = f"{target.home}/absent/dump"

    with pytest.raises(DiagnosticsError) as caught:
        await generate_core_dump(socket_of(target), path, DumpKind.HEAP, timeout=120)

    assert caught.value.code == "diagnostics-failed"
    assert f"Could not create output file '{path}': No such file or directory (2)" in caught.value.message
    assert "\n" not in caught.value.message


async def test_net_core_3_1_fails_without_words_of_its_own(start_target: StartTarget) -> None:
    target = start_target(runtime="3.1")

    with pytest.raises(DiagnosticsError, match="0x80004005"):
        await generate_core_dump(socket_of(target), f"{target.home}/absent/dump", DumpKind.HEAP, timeout=120)


async def test_a_stopped_target_does_not_answer_and_works_again_when_it_runs(target: DotnetTarget) -> None:
    socket = socket_of(target)
    target.hold()
    try:
        with pytest.raises(DiagnosticsError) as caught:
            await process_info(socket, timeout=0.3)
    finally:
        target.release()

    assert caught.value.code == "diagnostics-timeout"
    assert (await process_info(socket, timeout=60)).pid == target.pid


async def test_a_target_that_ended_leaves_a_stale_socket(start_target: StartTarget, tmp_path: Path) -> None:
    target = start_target()
    socket = socket_of(target)
    target.send(signal.SIGKILL)
    await until(lambda: not target.alive())

    with pytest.raises(DiagnosticsError) as caught:
        await process_info(socket)

    assert caught.value.code == "diagnostics-stale"


async def test_a_target_killed_during_its_dump_closes_the_connection(start_target: StartTarget) -> None:
    target = start_target(ballast_mb=256)
    dump = asyncio.create_task(
        generate_core_dump(socket_of(target), str(target.tmpdir / "dump"), DumpKind.HEAP, timeout=120)
    )
    await until(lambda: inspect(target.key).tracer_pid != 0)
    tracer = inspect(target.key).tracer_pid
    target.send(signal.SIGKILL)

    with pytest.raises(DiagnosticsError) as caught:
        await dump

    assert caught.value.code == "diagnostics-closed"
    await until(lambda: not Path(f"/proc/{tracer}").exists())


async def test_giving_up_leaves_createdump_running_and_the_target_alive(start_target: StartTarget) -> None:
    target = start_target(ballast_mb=256)
    path = target.tmpdir / "dump"
    dump = asyncio.create_task(generate_core_dump(socket_of(target), str(path), DumpKind.HEAP, timeout=120))
    await until(lambda: inspect(target.key).tracer_pid != 0)
    facts = inspect(target.key)
    assert facts.tracer_name == "createdump"
    dump.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dump

    await until(lambda: not Path(f"/proc/{facts.tracer_pid}").exists())
    assert path.stat().st_size > 256 << 20
    assert target.alive()


@needs_root
async def test_a_private_temp_directory_and_a_pid_namespace_are_crossed(start_target: StartTarget) -> None:
    private = 'mount -t tmpfs none "$TMPDIR" && exec "$@"'
    target = start_target(prefix=["unshare", "--mount", "--propagation", "private", "sh", "-c", private, "sh"])

    assert (await process_info(socket_of(target))).pid == target.pid
