"""After octotui was killed alone: the tool that it had started is waited for, unless it is stuck."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dump_doubles import entry_of

from octotui.dumps.keeping.records import iso
from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.journal import Journal
from octotui.dumps.staged.places import Place
from octotui.dumps.staged.staging import Staging
from octotui.dumps.survival import aftermath
from octotui.dumps.survival.recovery import recover


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "dumps")
    found.prepare()
    return found


def begin(store: Store, moment: datetime) -> Path:
    """A capture that an octotui began at `moment` and left; its staging directory."""
    staging = Staging.make(Place(store.directory, str(store.directory), os.geteuid(), os.getegid()), "dump")
    entry = entry_of(staging, store, (999_999_999, 1), "Calamari-4242-20260930T101502Z.dmp")
    Journal(store.jobs).add("x", replace(entry, record={**entry.record, "captured_at": iso(moment)}))
    staging.close()
    return staging.directory


@pytest.fixture
def start_tool(tmp_path: Path) -> Iterator[Callable[[Path], subprocess.Popen[bytes]]]:
    """Starts a process that is called createdump, is to write into the staging directory, and has written nothing."""
    (tmp_path / "createdump").symlink_to("/bin/sh")
    with ExitStack() as stack:

        def start(staging: Path) -> subprocess.Popen[bytes]:
            command = [tmp_path / "createdump", "-c", "read line", "createdump", "-f", staging / "dump"]
            tool = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE))
            stack.callback(tool.kill)
            return tool

        yield start


def test_tool_that_has_not_begun_to_write_is_waited_for(
    store: Store, start_tool: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    tool = start_tool(begin(store, datetime.now(UTC)))
    assert recover(store) == ()
    assert tool.poll() is None
    tool.kill()
    tool.wait()
    (made,) = recover(store)
    assert made.outcome == "lost"


def test_tool_that_stood_between_fork_and_exec_when_octotui_was_killed_is_waited_for(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = begin(store, datetime.now(UTC))
    tool_name = tmp_path / "createdump"
    tool_name.symlink_to("/bin/sh")
    later = 'read go; exec "$0" -c "read line" createdump -f "$STAGING/dump"'
    environment = {**os.environ, "STAGING": str(staging)}
    with subprocess.Popen(["/bin/sh", "-c", later, tool_name], stdin=subprocess.PIPE, env=environment) as tool:
        try:

            def exec_now(seconds: float) -> None:
                assert tool.stdin is not None
                tool.stdin.write(b"go\n")
                tool.stdin.flush()
                for _ in range(4000):
                    if os.fsencode(staging) in Path(f"/proc/{tool.pid}/cmdline").read_bytes():
                        return
                    time.sleep(0.005)

            monkeypatch.setattr(aftermath, "wait", exec_now)
            assert recover(store) == ()
            assert staging.exists()
        finally:
            tool.kill()
    monkeypatch.undo()
    (made,) = recover(store)
    assert made.outcome == "lost"


def test_tool_that_is_stuck_long_past_its_deadline_is_ended(
    store: Store, start_tool: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    tool = start_tool(begin(store, datetime.now(UTC) - timedelta(hours=1)))
    assert recover(store) == ()
    assert tool.wait(60) == -signal.SIGKILL
    (made,) = recover(store)
    assert made.outcome == "lost"
