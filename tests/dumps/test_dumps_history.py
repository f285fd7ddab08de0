"""What earlier captures teach, and what a damaged history cannot break."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from octotui.dumps.estimating.history import Entry, History, device_name

LARGE = Entry("ipc", "heap", 400_000_000, 1.0, 0.9)


def test_history_outlives_its_octotui(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    History(path).add(LARGE)
    History(path).add(Entry("createdump", "mini", 6_000_000, 0.2, 0.1))
    assert [entry.backend for entry in History(path).entries()] == ["ipc", "createdump"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_damaged_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    History(path).add(LARGE)
    with path.open("ab") as stream:
        stream.write(b'\xff\xfe\n{}\n[]\n{"backend": "ipc", "type": "heap", "bytes": "x", "seconds": 1}\nnull\n')
        stream.write(b'{"backend":"ipc","type":"heap","bytes":1e999,"seconds":1,"pause_seconds":1}\n')
    assert History(path).entries() == (LARGE,)


def test_history_that_cannot_be_written_is_kept_in_memory(tmp_path: Path) -> None:
    history = History(tmp_path / "no" / "such" / "directory")
    history.add(LARGE)
    assert history.entries() == (LARGE,)


def test_planted_link_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (tmp_path / "history.jsonl").symlink_to(victim)
    History(tmp_path / "history.jsonl").add(LARGE)
    assert not victim.exists()


def test_lines_of_an_older_octotui_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"backend": "ipc", "type": "heap", "bytes": 400000000, "seconds": 1.0, "pause_seconds": 0.9}\n')
    assert History(path).entries() == (LARGE,)
    assert (LARGE.medium, LARGE.device, LARGE.foreseen_bytes) == ("disk", "", 0)


def test_medium_device_and_promise_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    entry = Entry("ipc", "heap", 400_000_000, 1.0, 0.9, "memory", device_name(os.makedev(8, 1)), 390_000_000, "8")
    History(path).add(entry)
    assert History(path).entries() == (entry,)
    assert entry.device == "8:1"


def test_medium_that_does_not_exist_is_a_damaged_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    History(path).add(LARGE)
    path.write_text(path.read_text().replace('"disk"', '"tape"'))
    assert History(path).entries() == ()


def test_pipe_in_its_place_makes_nobody_wait(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    os.mkfifo(path)
    assert History(path).entries() == ()
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        history = History(path)
        history.add(LARGE)
        assert history.entries() == (LARGE,)
        assert os.read(reader, 100) == b""
    finally:
        os.close(reader)


def test_only_the_end_of_a_long_history_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.touch()
    os.truncate(path, 1 << 40)
    History(path).add(LARGE)
    assert len(History(path).entries()) <= 1
