"""Real .NET processes caught at their exec: held, told ready, held again in that instant, and captured so."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from dotnet_targets import DotnetTarget, needs_gcc

from octotui.demo.runtimes import find_runtime
from octotui.dumps.verifying.verify import verify
from octotui.processes.events import EventKind, EventsUnavailable, ProcessEvents

sys.path.append(str(Path(__file__).resolve().parents[1] / "dumps" / "sentry"))

from sentry_world import Listening, key_of, listening, ours, state_of, until

pytestmark = [needs_gcc, pytest.mark.usefixtures("tells_of_execs")]
ROUNDS = 3


@pytest.fixture
def tells_of_execs() -> None:
    try:
        ProcessEvents.open(want=(EventKind.EXEC,)).close()
    except EventsUnavailable as refusal:
        pytest.skip(str(refusal))


async def started(ears: Listening, number: int, **options: object) -> tuple[int, asyncio.Task[DotnetTarget]]:
    """A real Calamari as it starts: its pid, and what waits for it to be there."""
    task = asyncio.create_task(asyncio.to_thread(DotnetTarget.start, **options))
    caught = await ears.until("caught", count=number)
    return caught["pid"], task


async def createdump(pid: int, path: Path) -> int:
    tool = find_runtime("8.0").createdump
    process = await asyncio.create_subprocess_exec(
        str(tool), "-f", str(path), str(pid),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait()


async def test_a_calamari_held_at_its_exec_is_captured_in_the_instant_its_runtime_is_ready(tmp_path: Path) -> None:
    async with listening() as ears:
        await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True, hold_seconds=60, want_ready=True)
        for number in range(1, ROUNDS + 1):
            pid, task = await started(ears, number, name="Calamari", argv=("run-script",))
            key = key_of(pid)
            await until(lambda pid=pid: state_of(pid) == "T", "it is held at its exec")
            assert ears.of("runtime", pid=pid) == []
            ears.sentry.send({"do": "hold", **key._asdict(), "seconds": 60, "when": "ready"})
            await ears.until("held", pid=pid, count=2)
            await until(lambda pid=pid: state_of(pid) == "T", "it is held again")
            await ears.until("runtime", pid=pid, started=key.started)
            path = tmp_path / f"core-{number}"
            assert await createdump(pid, path) == 0
            assert verify(path).pid == pid
            ears.sentry.send({"do": "release", **key._asdict()})
            with await task:
                assert [news["why"] for news in ears.of("released", pid=pid)] == ["ready", "asked"]
            path.unlink()


@pytest.mark.parametrize("environment", [{}, {"DOTNET_EnableDiagnostics": "0"}], ids=["socket", "no socket"])
async def test_a_calamari_that_runs_is_told_ready_once(environment: dict[str, str]) -> None:
    async with listening() as ears:
        await ears.arm(whom={"role": "calamari", "under": ours()}, want_ready=True)
        pid, task = await started(ears, 1, name="Calamari", argv=("run-script",), env=environment)
        with await task:
            await ears.until("runtime", pid=pid)
        await ears.until("ended", pid=pid)
        assert len(ears.of("runtime")) == 1


async def test_a_program_that_dotnet_runs_is_caught_by_its_own_name() -> None:
    async with listening() as ears:
        await ears.arm(whom={"name": "Standin", "under": ours()}, want_ready=True)
        pid, task = await started(ears, 1)
        with await task:
            await ears.until("runtime", pid=pid)


async def test_what_never_becomes_ready_is_given_up_in_time_and_said() -> None:
    async with listening() as ears:
        process = await asyncio.create_subprocess_exec("sleep", "100")
        ears.sentry.send({"do": "hold", **key_of(process.pid)._asdict(), "seconds": 0.3, "when": "ready"})
        refused = await ears.until("refused", pid=process.pid)
        assert refused["code"] == "no-runtime"
        assert state_of(process.pid) != "T"
        process.kill()
        await process.wait()
