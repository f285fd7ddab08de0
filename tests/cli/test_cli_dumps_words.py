"""What `octotui dumps` says on a narrow terminal, of a full disk behind a pipe, and of records that cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_runner import Completed
from store_shelf import keep

from octotui.cli import output
from octotui.cli.dumps import narrow
from octotui.dumps.survival import recovery

NAME = "Calamari-4242.dmp"
Cli = Callable[..., Completed]
ROWS = [("NAME", "SIZE", "TASK"), ("Calamari-1.dmp", "12 MB", "Deploy the web shop to production, ServerTasks-1234")]


@pytest.fixture
def store(own_state: Path) -> Path:
    directory = own_state / "dumps"
    directory.mkdir(mode=0o700)
    keep(directory, NAME, datetime.now(UTC), 1_000_000)
    return directory


@pytest.mark.parametrize("width", [24, 40, 80])
def test_list_fits_the_terminal_and_breaks_no_word(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(output, "has_terminal", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((width, 24)))
    lines = narrow.fitting(ROWS)
    assert all(len(text) <= width for text in lines)
    assert ("TASK" in lines[0]) is (width > 24)
    summary = "3 in /var/lib/octotui/dumps: 4.2 GB of the quota of 25 GB used; 81 GB free, 38 GB of them to be kept"
    folded = narrow.folded(summary)
    assert " ".join(text.strip() for text in folded) == summary
    assert all(len(text) <= max(width, 30) for text in folded)


def test_list_in_a_pipe_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "has_terminal", lambda: False)
    assert narrow.fitting(ROWS)[1].endswith("ServerTasks-1234")


def test_damaged_record_is_not_counted_as_what_was_recorded(cli: Cli, store: Path) -> None:
    keep(store, "Calamari-1.dmp", datetime.now(UTC), 1_000_000)
    (store / f"{NAME}.json").write_text("{")
    keep(store, "Calamari-2.dmp", datetime.now(UTC), 1_000_000)
    (store / "Calamari-2.dmp").unlink()
    done = cli("dumps", "verify", "--all")
    assert "1 of 2 are what was recorded, 1 whole with a record that is damaged or missing." in done.stdout
    assert "Besides, 1 recorded as lost or gone" in done.stdout


@pytest.mark.usefixtures("own_state")
def test_full_disk_behind_stdout_names_the_reason_and_the_next_step(store: Path) -> None:
    command = [sys.executable, "-m", "octotui", "dumps", "export", NAME, "-"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "stdout takes no more of the dump (No space left on device)" in done.stderr
    assert "next step: " in done.stderr and "--zstd" in done.stderr


def test_json_tells_captures_that_go_on(cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = type("Left", (), {"target_pid": 4242, "record": {"name": "Calamari"}})()
    monkeypatch.setattr(recovery, "unsettled", lambda shelf: (entry,))
    assert cli("dumps", "--json").document["unfinished"] == [{"pid": 4242, "name": "Calamari"}]
