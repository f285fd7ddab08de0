"""Matrix, a tool that writes without end: the capture is ended long before the disk is full."""

from __future__ import annotations

import shutil

import pytest
from dotnet_targets import NOBODY, StartTarget, needs_root
from matrix_world import MatrixWorld
from test_real_matrix_rights import scripted

from octotui.demo.runtimes import DotnetRuntime
from octotui.dumps.captures import overrun, writing

ALLOWED = 32 << 20
DISK_MARGIN = 1 << 30
ENDLESS = """for word; do case "$word" in */.octotui-*) path="$word"; esac; done
while :; do head -c 1000000 /dev/zero >> "$path.$((number % 3))"; number=$((number + 1)); sleep 0.02; done"""


@needs_root
@pytest.mark.parametrize(("uid", "backend"), [(NOBODY, "ipc"), (0, "ipc"), (0, "createdump")])
def test_tool_that_writes_without_end_is_ended_and_what_it_wrote_is_gone(
    world: MatrixWorld,
    start_target: StartTarget,
    copied_runtime: DotnetRuntime,
    monkeypatch: pytest.MonkeyPatch,
    uid: int,
    backend: str,
) -> None:
    monkeypatch.setattr(writing, "allowed_bytes", lambda expected, medium: ALLOWED)
    seen: list[int] = []

    def measured(directory: int) -> int:
        seen.append(used_bytes(directory))
        return seen[-1]

    used_bytes = overrun.used_bytes
    monkeypatch.setattr(overrun, "used_bytes", measured)
    target = start_target(runtime=scripted(copied_runtime, ENDLESS), uid=uid or None)
    free = shutil.disk_usage(world.state).free
    done = world.dump(target, "--backend", backend, when=lambda: bool(seen))
    assert (done.status, done.outcome, done.code) == (1, "failed", "overrun"), done
    assert "no dump of this process needs" in done.words
    assert ALLOWED < max(seen) < ALLOWED + DISK_MARGIN
    assert shutil.disk_usage(world.state).free > free - DISK_MARGIN
