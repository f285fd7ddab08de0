"""A look by what real runtimes sent: named once, asked again only when it must be, and given up in time."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake_runtime import EMPTY_STREAM, FakeRuntime, fake_runtime, recorded

from octotui.dotnet.stacks.looking import look
from octotui.dotnet.stacks.methods import MethodTable
from octotui.dotnet.stacks.model import Activity, FrameKind, Look
from octotui.errors import DiagnosticsError

if TYPE_CHECKING:
    from conftest import FakeProc

FIRST, LATER = recorded("net8-first"), recorded("net8-later")


async def asked(runtime: FakeRuntime, table: MethodTable, proc: Path, **options: float) -> Look:
    return await look(runtime.facts, table, proc=proc, clock=lambda: 1000.0, **options)


def tops(found: Look) -> list[str]:
    return sorted(str(frame) for thread in found.threads for frame in thread.frames)


async def test_a_first_look_names_the_holder_the_waiter_and_main(short_directory: Path, fake_proc: FakeProc) -> None:
    async with fake_runtime(short_directory, FIRST) as runtime:
        found = await asked(runtime, MethodTable(), fake_proc.root)
        stops = runtime.stops
    stacks = [[str(frame) for frame in thread.frames] for thread in found.threads]
    sleep = "System.Private.CoreLib!System.Threading.Thread.Sleep"
    assert [sleep, "Standin!Standin.HoldLock"] in stacks
    assert ["Standin!Standin.WaitForLock"] in stacks
    assert [sleep, "Standin!Standin.Main"] in stacks
    assert [sleep, "Standin!Standin.Main (lambda)"] in stacks
    assert found.taken_at == 1000.0
    assert found.unnamed_frames == found.lost_events == 0
    assert found.stops.count >= 1
    assert 0 < found.stops.median_seconds <= found.stops.longest_seconds <= found.stops.total_seconds
    assert stops == 1


async def test_what_a_runtime_says_of_itself_is_kept_but_its_command_line_is_not(
    short_directory: Path, fake_proc: FakeProc
) -> None:
    async with fake_runtime(short_directory, FIRST) as runtime:
        found = await asked(runtime, MethodTable(), fake_proc.root)
    assert (found.runtime.version, found.runtime.entry_assembly) == ("8.0.4", "Calamari")
    assert "Secret123" not in repr(found)


async def test_names_are_asked_for_once(short_directory: Path, fake_proc: FakeProc) -> None:
    table = MethodTable()
    async with fake_runtime(short_directory, FIRST, LATER) as runtime:
        first = await asked(runtime, table, fake_proc.root)
        later = await asked(runtime, table, fake_proc.root)
        assert runtime.asked == [True, False]
    assert set(tops(later)) <= set(tops(first))


async def test_fresh_names_are_asked_for_on_request(short_directory: Path, fake_proc: FakeProc) -> None:
    table = MethodTable()
    async with fake_runtime(short_directory, FIRST) as runtime:
        await asked(runtime, table, fake_proc.root)
        await look(runtime.facts, table, fresh_names=True, proc=fake_proc.root)
        assert runtime.asked == [True, True]


async def test_an_address_without_a_name_is_worth_one_rundown(short_directory: Path, fake_proc: FakeProc) -> None:
    table = MethodTable()
    async with fake_runtime(short_directory, recorded("net31-first"), LATER, FIRST, LATER) as runtime:
        await asked(runtime, table, fake_proc.root)
        found = await asked(runtime, table, fake_proc.root)
        assert runtime.asked == [True, False, True]
        assert found.unnamed_frames == 0
        assert tops(await asked(runtime, table, fake_proc.root)) == tops(found)
        assert runtime.asked == [True, False, True, False]


async def test_an_address_that_no_rundown_names_is_shown_as_it_is_and_not_asked_for_again(
    short_directory: Path, fake_proc: FakeProc
) -> None:
    table = MethodTable()
    other = recorded("net31-first")
    async with fake_runtime(short_directory, other, LATER, other, LATER) as runtime:
        await asked(runtime, table, fake_proc.root)
        found = await asked(runtime, table, fake_proc.root)
        again = await asked(runtime, table, fake_proc.root)
        assert runtime.asked == [True, False, True, False]
    assert found.unnamed_frames == again.unnamed_frames > 0
    unnamed = [frame for thread in again.threads for frame in thread.frames if frame.kind is FrameKind.UNKNOWN]
    assert all(frame.method.startswith("0x") and not frame.module for frame in unnamed)
    assert any("no name" in remark for remark in again.remarks)


async def test_a_busy_machine_that_gave_no_sample_is_asked_once_more(
    short_directory: Path, fake_proc: FakeProc
) -> None:
    async with fake_runtime(short_directory, EMPTY_STREAM, FIRST, FIRST) as runtime:
        found = await asked(runtime, MethodTable(), fake_proc.root)
        assert runtime.asked == [True, False, True]
    assert found.threads
    assert found.unnamed_frames == 0


async def test_a_process_that_gives_no_sample_at_all_is_said_to(short_directory: Path, fake_proc: FakeProc) -> None:
    async with fake_runtime(short_directory, EMPTY_STREAM) as runtime:
        found = await asked(runtime, MethodTable(), fake_proc.root)
        assert runtime.asked == [True, False]
    assert found.threads == ()
    assert "too busy" in found.remarks[0]


async def test_another_program_in_the_same_process_is_named_anew(short_directory: Path, fake_proc: FakeProc) -> None:
    table = MethodTable()
    async with fake_runtime(short_directory, FIRST) as runtime:
        await asked(runtime, table, fake_proc.root)
        runtime.cookie = bytes(16)
        await asked(runtime, table, fake_proc.root)
        assert runtime.asked == [True, True]


async def test_before_net_5_a_look_is_given_with_a_warning(short_directory: Path, fake_proc: FakeProc) -> None:
    async with fake_runtime(short_directory, recorded("net31-first")) as runtime:
        runtime.is_old = True
        found = await asked(runtime, MethodTable(), fake_proc.root)
    assert found.runtime.version == "8.0.4"
    assert any(".NET 5" in remark and "look once" in remark for remark in found.remarks)
    assert any("System.Threading.Monitor.Enter" in top for top in tops(found))


@pytest.mark.parametrize("missing", [1, 5_000, 40_000, 72_000])
async def test_a_stream_that_ends_early_is_an_error_and_leaves_the_names_alone(
    short_directory: Path, fake_proc: FakeProc, missing: int
) -> None:
    table = MethodTable()
    async with fake_runtime(short_directory, FIRST, recorded("net31-first")[:-missing], LATER) as runtime:
        await asked(runtime, table, fake_proc.root)
        with pytest.raises(DiagnosticsError) as raised:
            await look(runtime.facts, table, fresh_names=True, proc=fake_proc.root)
        assert raised.value.code == "diagnostics-closed"
        table.settle()
        assert (await asked(runtime, table, fake_proc.root)).unnamed_frames == 0
        assert runtime.asked == [True, True, False]


async def test_garbage_is_an_error(short_directory: Path, fake_proc: FakeProc) -> None:
    async with fake_runtime(short_directory, os.urandom(4000)) as runtime:
        with pytest.raises(DiagnosticsError) as raised:
            await asked(runtime, MethodTable(), fake_proc.root)
    assert raised.value.code == "diagnostics-garbled"


@pytest.mark.parametrize("is_silent", [True, False])
async def test_a_process_that_cannot_be_suspended_is_given_up_with_the_advice_to_take_a_dump(
    short_directory: Path, fake_proc: FakeProc, is_silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octotui.dotnet.sessions.END_SECONDS", 0.2)
    async with fake_runtime(short_directory, None) as runtime:
        runtime.is_silent = is_silent
        with pytest.raises(DiagnosticsError) as raised:
            async with asyncio.timeout(30):
                await asked(runtime, MethodTable(), fake_proc.root, deadline=0.4)
        assert is_silent or runtime.stops >= 1
    assert raised.value.code == "stacks-no-answer"
    assert f"octotui dump --backend createdump {os.getpid()}" in raised.value.hint


async def test_a_look_that_is_cancelled_ends_its_session(
    short_directory: Path, fake_proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octotui.dotnet.sessions.END_SECONDS", 0.2)
    async with fake_runtime(short_directory, None) as runtime:
        looking = asyncio.create_task(asked(runtime, MethodTable(), fake_proc.root, sampling_seconds=60))
        await runtime.has_begun.wait()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        async with asyncio.timeout(30):
            await runtime.was_stopped.wait()


async def test_a_process_without_a_socket_is_refused_with_the_reason() -> None:
    facts = replace(FakeRuntime(Path("/x"), []).facts, socket=None, socket_problem="diagnostics are switched off")
    with pytest.raises(DiagnosticsError) as raised:
        await look(facts, MethodTable())
    assert "diagnostics are switched off" in str(raised.value)
    assert raised.value.code == "no-socket"


async def test_threads_are_those_of_the_kernel_by_the_ids_that_the_process_sees(
    short_directory: Path, fake_proc: FakeProc
) -> None:
    async with fake_runtime(short_directory, FIRST) as runtime:
        ended = await asked(runtime, MethodTable(), fake_proc.root)
        assert {thread.activity for thread in ended.threads} == {Activity.ENDED}
        assert {thread.id for thread in ended.threads} == {0}
        fake_proc.add(os.getpid(), 1)
        own_ids = [thread.own_id for thread in ended.threads]
        for number, own_id in enumerate(own_ids):
            task(fake_proc.root, 5000 + number, own_id, f"name{number}\x1b")
        task(fake_proc.root, 6000, 99, "native")
        found = await asked(runtime, MethodTable(), fake_proc.root)
    assert [(thread.id, thread.own_id) for thread in found.threads] == list(enumerate(own_ids, 5000))
    assert found.threads[0].name == "name0␛"
    assert found.threads[0].cpu_seconds is not None
    assert [(other.id, other.own_id, other.name, other.state) for other in found.others] == [(6000, 99, "native", "S")]


def task(proc: Path, tid: int, own_id: int, name: str) -> None:
    directory = proc / str(os.getpid()) / "task" / str(tid)
    directory.mkdir(parents=True)
    (directory / "status").write_text(f"Name:\t{name}\nState:\tS (sleeping)\nNSpid:\t{tid}\t{own_id}\n")
    (directory / "stat").write_text(f"{tid} ({name}) S " + " ".join(["0"] * 10) + " 7 3 " + " ".join(["0"] * 30))
