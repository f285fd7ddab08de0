"""Only processes of the demo's own user and time are taken for its members, whatever mark they carry."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from octotui.demo import tree
from octotui.demo.homes import HOME_VARIABLE
from octotui.demo.standin import start_ticks
from octotui.demo.tree import StandInTree

MARK = {HOME_VARIABLE: f"/nowhere/octotui-demo-{os.getpid()}", "PATH": "/usr/bin:/bin"}


@pytest.fixture
def marked(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries the mark; as another user where the test names one."""
    user = getattr(request, "param", None)
    process = subprocess.Popen(["sleep", "600"], env=MARK, user=user, group=user, extra_groups=[] if user else None)
    yield process
    process.kill()
    process.wait()


def members_of(home: str, started: int) -> list[int]:
    stand_in = StandInTree()
    stand_in._home, stand_in._started = Path(home), started
    return [pid for pid, _, _ in stand_in._members()]


def test_a_marked_process_of_this_user_is_a_member(marked: subprocess.Popen[bytes]) -> None:
    assert members_of(MARK[HOME_VARIABLE], start_ticks(marked.pid)) == [marked.pid]


def test_a_marked_process_that_is_older_than_the_tree_is_none(marked: subprocess.Popen[bytes]) -> None:
    assert members_of(MARK[HOME_VARIABLE], start_ticks(marked.pid) + 1) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a process of another user")
@pytest.mark.parametrize("marked", [65534], indirect=True)
def test_a_forged_mark_of_another_user_is_neither_taken_nor_killed(marked: subprocess.Popen[bytes]) -> None:
    assert members_of(MARK[HOME_VARIABLE], 0) == []
    tree._kill(marked.pid, start_ticks(marked.pid))
    assert marked.poll() is None
