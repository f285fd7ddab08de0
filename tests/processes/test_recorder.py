"""The file of a recording: private, new, whole after every sample, within its bounds, and never a reason to stop."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from process_builders import process, sample
from recording_tools import check_same, lines_of, recorder
from small_disks import small_disk_at

from octotui.errors import UsageError
from octotui.processes.model import Sample
from octotui.processes.recordings.recording import Recording


def noisy(turn: int, bytes_of_text: int = 0) -> Sample:
    """A sample whose line does not compress well."""
    noise = os.urandom(bytes_of_text // 2).hex()
    words = tuple(noise[at : at + 4000] for at in range(0, len(noise), 4000))
    return sample(process(1, argv=("run", *words), cpu_seconds=turn), monotonic=100.0 + 2 * turn)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        recorder(tmp_path / "r").close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o600


def test_what_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("mine")
    with pytest.raises(UsageError, match="exists already") as refused:
        recorder(tmp_path / "r")
    assert refused.value.hint and (tmp_path / "r").read_text() == "mine"


@pytest.mark.parametrize("target", ["victim", "nowhere"])
def test_a_link_that_a_stranger_put_there_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "r").symlink_to(tmp_path / target)
    with pytest.raises(UsageError):
        recorder(tmp_path / "r")
    assert (tmp_path / "victim").read_text() == "precious" and not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["absent/r", "", "nul\0"])
def test_a_path_that_cannot_be_is_a_sentence_with_a_next_step(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        recorder(tmp_path / name)
    assert refused.value.hint


def test_the_file_is_whole_after_each_sample_without_being_closed(tmp_path: Path) -> None:
    made = recorder(tmp_path / "r")
    for turn in range(5):
        made.take(noisy(turn))
        assert made.bytes == (tmp_path / "r").stat().st_size
        recording = Recording.open(tmp_path / "r")
        assert len(recording) == turn + 1 and "cut off" in recording.cut
    check_same(recording.sample(4), noisy(4))
    made.close()
    assert Recording.open(tmp_path / "r").cut == ""


def test_zcat_and_a_reader_of_json_lines_are_enough_to_look_at_it(tmp_path: Path) -> None:
    made = recorder(tmp_path / "r.jsonl.gz")
    made.take(noisy(0))
    made.close()
    shown = subprocess.run(["zcat", str(tmp_path / "r.jsonl.gz")], capture_output=True, check=True).stdout
    header, first = map(json.loads, shown.splitlines())
    assert header["schema"] == 1 and header["host"] == "web-07" and header["started_at"] == "2024-05-01T12:00:00Z"
    assert "masked" in header["holds"] and first["number"] == 1


def test_a_recording_ends_at_its_size_and_says_so(tmp_path: Path) -> None:
    made = recorder(tmp_path / "r", most_bytes=100_000)
    for turn in range(10):
        made.take(noisy(turn, 40_000))
    assert made.is_over and "100 kB" in made.problem and "octotui goes on" in made.problem
    assert (tmp_path / "r").stat().st_size == made.bytes <= 100_000
    assert 0 < made.samples == len(Recording.open(tmp_path / "r")) < 10
    made.close()


def test_a_full_disk_ends_the_recording_with_a_sentence_and_keeps_what_is_there(tmp_path: Path) -> None:
    with small_disk_at(tmp_path / "disk", "256k") as disk:
        made = recorder(disk / "r")
        for turn in range(20):
            made.take(noisy(turn, 60_000))
        assert made.is_over and "the disk is full" in made.problem
        assert (disk / "r").stat().st_size == made.bytes
        recording = Recording.open(disk / "r")
        assert 0 < made.samples == len(recording) < 20
        check = recording.sample(len(recording) - 1)
        assert check.snapshot.processes[next(iter(check.snapshot.processes))].cpu_seconds == made.samples - 1
        made.close()


def test_closing_twice_and_a_sample_afterwards_change_nothing(tmp_path: Path) -> None:
    made = recorder(tmp_path / "r")
    made.take(noisy(0))
    made.close()
    content = (tmp_path / "r").read_bytes()
    made.close()
    made.take(noisy(1))
    assert (tmp_path / "r").read_bytes() == content and made.samples == 1 and made.problem == ""
    gzip.decompress(content)


def test_samples_of_another_thread_and_closing_do_not_get_into_each_other(tmp_path: Path) -> None:
    made = recorder(tmp_path / "r")
    writer = threading.Thread(target=lambda: [made.take(noisy(turn, 2000)) for turn in range(300)])
    writer.start()
    while made.samples < 5:
        pass
    made.close()
    writer.join()
    recording = Recording.open(tmp_path / "r")
    assert recording.cut == "" and len(recording) == made.samples == len(lines_of(tmp_path / "r")) - 1


def test_the_closing_sentence_names_file_samples_time_and_size(tmp_path: Path) -> None:
    made = recorder(tmp_path / "my file")
    for turn in range(3):
        made.take(noisy(turn))
    made.close()
    said = made.sentence()
    assert "3 samples of 4.0 s" in said and "bytes" in said
    assert f"octotui --replay '{tmp_path}/my file'" in said
