"""Samples that went through a recording are the samples that were taken, forwards, backwards and anywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from process_builders import key_of, process, sample, snapshot
from recording_tools import check_same, lines_of, recorded

from octotui.processes.model import Meaning, Sample
from octotui.processes.recordings.format import KEY_FRAME_EVERY
from octotui.processes.sampler import Sampler
from octotui.text import printable

CALAMARI = Meaning("calamari", "Calamari", "by its name", "ServerTasks-1", "blue", "1.2", "run", "/w", True, True, True)


def changing(count: int) -> list[Sample]:
    """Samples in which processes come, work, are exec'd, change their meaning, get another parent and go."""
    sampler = Sampler(lambda taken: {key: CALAMARI for key in taken.processes if key.pid % 3 == 0})
    samples = []
    for turn in range(count):
        alive = [process(1), process(2, 1, cpu_seconds=turn * 0.37, state="RS"[turn % 2], threads=turn, rss_bytes=turn)]
        alive += [
            process(pid, 1 if turn < pid else 2, argv=(f"run-{pid}",)) for pid in range(turn, turn + 4) if pid > 2
        ]
        alive.append(process(5000, 1, argv=("before",) if turn < 2 else ("after", "exec", "")))
        samples.append(sampler.advance(snapshot(*alive, monotonic=100.0 + turn * 0.7, uptime=1000.0 + turn * 0.7)))
    return samples


def test_every_sample_comes_back_as_it_was_taken(tmp_path: Path) -> None:
    samples = changing(2 * KEY_FRAME_EVERY + 5)
    recording = recorded(tmp_path / "r", samples)
    assert len(recording) == len(samples) and recording.cut == ""
    assert any(one.ghosts for one in samples) and any(one.arrived for one in samples)
    for index, one in enumerate(samples):
        check_same(recording.sample(index), one)


def test_samples_can_be_read_in_any_order(tmp_path: Path) -> None:
    samples = changing(2 * KEY_FRAME_EVERY + 5)
    recording = recorded(tmp_path / "r", samples)
    last = len(samples) - 1
    for index in (last, 0, last - 1, KEY_FRAME_EVERY, KEY_FRAME_EVERY - 1, KEY_FRAME_EVERY + 1, 3, 2, 3, 3):
        check_same(recording.sample(index), samples[index])


def test_a_line_holds_only_what_changed(tmp_path: Path) -> None:
    quiet = [sample(process(1), process(2), cpu={1: 0.0, 2: 0.0}, monotonic=100.0 + turn) for turn in range(3)]
    busy = sample(process(1), process(2, cpu_seconds=0.5), cpu={1: 0.0, 2: 50.0}, monotonic=103.0)
    recorded(tmp_path / "r", [*quiet, busy])
    _, first, second, _, fourth = lines_of(tmp_path / "r")
    assert first["is_key"] and len(first["processes"]) == 2
    assert second.keys() == {"number", "at", "monotonic", "uptime_seconds", "scan_seconds"}
    assert fourth["figures"] == [[2, 2, "S", 1, 0.5, 1000]] and fourth["rates"] == [[2, 2, 50.0]]
    assert "processes" not in fourth


def test_a_rate_that_is_not_known_any_more_comes_back_as_not_known(tmp_path: Path) -> None:
    samples = [sample(process(1), cpu={1: 3.0}), sample(process(1)), sample(process(1), cpu={1: 0.0})]
    recording = recorded(tmp_path / "r", samples)
    assert [dict(recording.sample(index).cpu_percent) for index in range(3)] == [{key_of(1): 3.0}, {}, {key_of(1): 0.0}]


def test_a_partial_snapshot_says_which_figures_are_fresh_and_keeps_the_others(tmp_path: Path) -> None:
    whole = sample(process(1), process(2, cpu_seconds=1.0), cpu={1: 0.0, 2: 9.0})
    older = process(2, cpu_seconds=1.0)
    partial = [
        replace(found, snapshot=replace(found.snapshot, fresh=frozenset(fresh)))
        for found, fresh in (
            (sample(process(1, cpu_seconds=0.1), older, cpu={1: 10.0}), [key_of(1)]),
            (sample(process(1, cpu_seconds=0.2), older, cpu={1: 10.0}), [key_of(1)]),
            (sample(process(1, cpu_seconds=0.2), process(2, cpu_seconds=3.0), cpu={2: 1.5}), [key_of(2)]),
            (sample(process(1, cpu_seconds=0.2), process(2, cpu_seconds=3.0)), []),
        )
    ]
    samples = [whole, *partial, whole]
    recording = recorded(tmp_path / "r", samples)
    for index in (0, 1, 2, 3, 4, 5, 2, 4):
        check_same(recording.sample(index), samples[index])
    assert [line.get("fresh") for line in lines_of(tmp_path / "r")[1:]] == [None, [[1, 1]], "same", [[2, 2]], [], None]


def test_equal_structures_hold_the_same_processes_parents_ghosts_and_meanings(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r", changing(KEY_FRAME_EVERY + 3))
    quiet = recorded(tmp_path / "q", [sample(process(1, cpu_seconds=turn / 10)) for turn in range(4)])
    assert len({quiet.sample(index).structure for index in range(4)}) == 1
    seen: dict[int, Sample] = {}
    for index in (*range(len(recording)), *reversed(range(len(recording)))):
        one = recording.sample(index)
        known = seen.setdefault(one.structure, one)
        assert known.snapshot.processes.keys() == one.snapshot.processes.keys()
        assert (known.ghosts.keys(), known.meanings) == (one.ghosts.keys(), one.meanings)
        parents = {key: found.parent_pid for key, found in one.snapshot.processes.items()}
        assert parents == {key: found.parent_pid for key, found in known.snapshot.processes.items()}


def test_text_beyond_ascii_comes_back_and_stands_readable_in_the_file(tmp_path: Path) -> None:
    name = printable("größe\x1b[31m\u202e\ud800 ↵")
    recording = recorded(tmp_path / "r", [sample(process(1, name=name, argv=(name, "", '"')))])
    assert recording.sample(0).snapshot.processes[key_of(1)].argv == (name, "", '"')
    assert lines_of(tmp_path / "r")[1]["processes"][0]["name"] == name
