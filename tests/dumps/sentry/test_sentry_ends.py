"""A caught process with its real tracer: handed over in time, captured at its end, undisturbed by anybody's death."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from catch_trials import OWNER
from sentry_world import Children, Listening, kill, ours, program, state_of, until


def at_exit(directory: Path, **fields: object) -> dict[str, object]:
    whom = {"role": "calamari", "under": ours()}
    return {"whom": whom, "at_exit": True, "trace": {"directory": str(directory)}, **fields}


def magic(path: str) -> bytes:
    return Path(path).read_bytes()[:4]


@pytest.mark.parametrize("hold", [False, True], ids=["running", "held"])
async def test_short_calamaris_are_captured_at_their_end(
    ears: Listening, made: Children, home: Path, hold: bool
) -> None:
    directory = home / "dumps"
    directory.mkdir(mode=0o700)
    await ears.arm(**at_exit(directory, any_status=True, hold=hold, hold_seconds=0.3, count=10))
    started = [made.start(program(home), "live", "50000") for _ in range(3)]
    for child in started:
        written = await ears.until("written", pid=child.pid)
        assert (written["id"], written["status"]) == (1, 0)
        assert Path(written["path"]).name.startswith(f"dump-{child.pid}-")
        assert magic(written["path"]) == b"\x7fELF"
        assert await asyncio.to_thread(child.wait) == 0
        await ears.until("ended", pid=child.pid)
        words = [news["news"] for news in ears.heard if news.get("pid") == child.pid]
        assert words.index("ended") > words.index("written")


@pytest.mark.parametrize("who", ["octotui", "both"])
async def test_a_traced_process_outlives_octotui_and_sentry(events: None, made: Children, home: Path, who: str) -> None:
    owner = made.start(sys.executable, "-I", OWNER, *ours(), home)
    assert owner.stdout is not None
    sentry = int(await asyncio.to_thread(owner.stdout.readline))
    child = made.start(program(home), "live", "400000")
    assert (await asyncio.to_thread(owner.stdout.readline)).split() == ["tracing", str(child.pid)]
    kill(owner.pid)
    if who == "both":
        kill(sentry)
    await until(lambda: _tracer_of(child.pid) == 0, "nobody traces it")
    assert state_of(child.pid) in ("S", "R")
    assert await asyncio.to_thread(child.wait) == 0


def _tracer_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.split("TracerPid:")[1].split()[0])
