"""Recordings of unknown origin: cut off, damaged, oversized, malicious. A sentence, never a crash or a raw escape."""

from __future__ import annotations

import gzip
import json
import os
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from process_builders import process, sample
from recording_tools import HEADER, check_same, lines_of, recorded, written

from octotui.errors import OctotuiError, UsageError
from octotui.processes.model import Meaning, Sample
from octotui.processes.recordings.format import sample_line
from octotui.processes.recordings.recording import Bounds, Recording
from octotui.text import printable

PLAIN = sample(process(1, argv=("init",)), process(2, 1), cpu={1: 1.0}, meanings={2: Meaning("calamari", "Calamari")})
KEY: dict[str, Any] = json.loads(sample_line(PLAIN, None, 1))
DELTA = {name: KEY[name] for name in ("number", "at", "monotonic", "uptime_seconds", "scan_seconds")}
DEEP = b"[" * 200_000
HUGE = 10**400


def changed(line: dict[str, Any], *path: Any, to: Any) -> dict[str, Any]:
    """A copy of `line` with another value at `path`."""
    copy: dict[str, Any] = json.loads(json.dumps(line))
    at: Any = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return copy


def use_everything(found: Sample) -> None:
    """What a screen reads of a sample."""
    for info in (*found.snapshot.processes.values(), *(ghost.process for ghost in found.ghosts.values())):
        texts = (info.name, info.command, info.executable, info.user, info.cwd, info.cgroup, info.state)
        meaning = found.meaning(info.key)
        for text in (*texts, meaning.role, meaning.label, meaning.reason, meaning.task, meaning.work_directory):
            assert text == printable(text, 1 << 30)
        f"{found.snapshot.age_seconds(info):.1f} {info.rss_bytes / 2:.1f} {info.cpu_seconds:.1f}"
    assert f"{found.snapshot.taken_at:%H:%M:%SZ}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1f\x8b",
        b"hello\n",
        b"{}\n",
        b"[1]\n",
        b"\x7fELF\0\0",
        DEEP,
        b"null\n",
        b'{"format":1}\n',
        b"\0" * 70_000,
    ],
    ids=range(10),
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path: Path, content: bytes, is_packed: bool) -> None:
    (tmp_path / "r").write_bytes(gzip.compress(content) if is_packed else content)
    with pytest.raises(UsageError) as refused:
        Recording.open(tmp_path / "r")
    assert refused.value.hint and "line 1" in refused.value.message


@pytest.mark.parametrize("schema", [2, 0, "1", True, None, HUGE, [], 1.0])
def test_another_schema_is_named(tmp_path: Path, schema: object) -> None:
    header = json.loads(HEADER) | {"schema": schema}
    text = json.dumps(header).encode()
    (tmp_path / "r").write_bytes(text + b"\n" + json.dumps(KEY).encode() + b"\n")
    with pytest.raises(UsageError, match=r"schema|JSON"):
        Recording.open(tmp_path / "r")


@pytest.mark.parametrize("name", ["absent", "", ".", "nul\0"])
def test_a_path_that_names_no_file_is_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        Recording.open(tmp_path / name)
    assert refused.value.hint


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        Recording.open(tmp_path / "pipe")


def test_a_header_without_a_sample_says_that_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sample"):
        Recording.open(written(tmp_path / "r", []))


BAD_LINES = {
    "no JSON": b"{",
    "not UTF-8": b'{"a":"\xff"}',
    "deep": DEEP,
    "NaN": json.dumps(KEY).replace("1000.0", "NaN").encode(),
    "list": b"[]",
    "empty": b"",
    "time": changed(KEY, "at", to="yesterday"),
    "time without a zone": changed(KEY, "at", to="2024-05-01T12:00:00"),
    "far time": changed(KEY, "at", to="9999-12-31T23:59:59-23:59"),
    "time is a number": changed(KEY, "at", to=5),
    "text as a number": changed(KEY, "monotonic", to="5"),
    "huge": changed(KEY, "uptime_seconds", to=HUGE),
    "negative": changed(KEY, "uptime_seconds", to=-1),
    "true as a number": changed(KEY, "monotonic", to=True),
    "processes": changed(KEY, "processes", to={}),
    "process": changed(KEY, "processes", 0, to=5),
    "pid": changed(KEY, "processes", 0, "pid", to="1"),
    "pid out of range": changed(KEY, "processes", 0, "pid", to=1 << 40),
    "started": changed(KEY, "processes", 0, "started", to=HUGE),
    "name": changed(KEY, "processes", 0, "name", to=["x"]),
    "argv": changed(KEY, "processes", 0, "argv", to="init"),
    "argv of numbers": changed(KEY, "processes", 0, "argv", to=[1]),
    "long argv": changed(KEY, "processes", 0, "argv", to=["x" * 5000] * 60),
    "many arguments": changed(KEY, "processes", 0, "argv", to=[""] * 70_000),
    "state": changed(KEY, "processes", 0, "state", to="\x1b"),
    "long state": changed(KEY, "processes", 0, "state", to="RS"),
    "threads": changed(KEY, "processes", 0, "threads", to=1.5),
    "memory": changed(KEY, "processes", 0, "rss_bytes", to=1 << 70),
    "kernel": changed(KEY, "processes", 0, "is_kernel", to="no"),
    "rates": changed(KEY, "rates", 0, to=[1, 1]),
    "rate": changed(KEY, "rates", 0, 2, to="fast"),
    "meaning": changed(KEY, "meanings", 0, 2, to=[]),
    "meaning's text": changed(KEY, "meanings", 0, 2, to={"task": 5}),
    "meaning's flag": changed(KEY, "meanings", 0, 2, to={"is_orphan": 1}),
    ".NET": changed(KEY, "meanings", 0, 2, to={"dotnet": "yes"}),
    "fresh": KEY | {"fresh": 5},
    "fresh same": KEY | {"fresh": "same"},
    "ghost": KEY | {"ghosts": [5]},
    "ghost's end": KEY | {"ghosts": [KEY["processes"][0]]},
    "gone": KEY | {"gone": [[7, 7]]},
    "forgotten": KEY | {"forgotten": [[1, 1]]},
    "figures": KEY | {"figures": [[1, 1]]},
    "figures of nobody": KEY | {"figures": [[9, 9, "S", 1, 0.0, 1]]},
    "no key frame": DELTA,
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_a_line_that_makes_no_sense_is_named_with_its_number(tmp_path: Path, line: dict[str, Any] | bytes) -> None:
    with pytest.raises(UsageError, match=r"^line 2 of the recording"):
        Recording.open(written(tmp_path / "r", [line]))


def test_the_next_step_after_a_bad_line_keeps_what_is_before_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^line 4 ") as refused:
        Recording.open(written(tmp_path / "r", [KEY, DELTA, DELTA | {"gone": [[77, 77]]}, DELTA]))
    command = refused.value.hint.partition(": ")[2].replace("OTHER.jsonl.gz", str(tmp_path / "kept"))
    assert os.system(command) == 0
    assert len(Recording.open(tmp_path / "kept")) == 2


def test_a_key_that_names_processes_unknown_to_rates_is_ignored(tmp_path: Path) -> None:
    line = KEY | {"rates": [[9, 9, 5.0]], "meanings": [[9, 9, {}]], "arrived": [[9, 9, 1.0]]}
    found = Recording.open(written(tmp_path / "r", [line])).sample(0)
    assert not found.cpu_percent and not found.meanings and not found.arrived


def test_text_that_would_drive_a_terminal_is_made_visible(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202egnp\u200b[red]x[/red]\r\n\ud800"
    line = changed(KEY, "processes", 0, "argv", to=[evil, evil * 200])
    for name in ("name", "executable", "user", "cwd", "cgroup"):
        line = changed(line, "processes", 0, name, to=evil)
    line = changed(line, "meanings", 0, 2, to={"role": evil, "label": evil, "task": evil, "reason": evil})
    ghost = line["processes"][0] | {"pid": 9, "exited_monotonic": 1.0, "meaning": {"label": evil}}
    header = json.dumps(json.loads(HEADER) | {"host": evil, "version": evil}).encode() + b"\n"
    (tmp_path / "r").write_bytes(header + json.dumps(line | {"ghosts": [ghost]}).encode() + b"\n")
    recording = Recording.open(tmp_path / "r")
    use_everything(recording.sample(0))
    assert recording.header.host == printable(evil) == recording.sample(0).snapshot.host


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_file_that_was_cut_off_is_shown_up_to_there(tmp_path: Path, kept: float) -> None:
    samples = [sample(process(1, argv=(os.urandom(500).hex(),)), monotonic=float(turn)) for turn in range(100)]
    recorded(tmp_path / "r", samples)
    content = (tmp_path / "r").read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(len(content) * kept)])
    recording = Recording.open(tmp_path / "cut")
    assert 0 < len(recording) < 100 and "cut off" in recording.cut
    for index in range(len(recording)):
        check_same(recording.sample(index), samples[index])


def test_uncompressed_lines_and_files_joined_by_cat_are_read_too(tmp_path: Path) -> None:
    recorded(tmp_path / "r", [PLAIN, PLAIN])
    raw = (tmp_path / "r").read_bytes()
    (tmp_path / "plain").write_bytes(gzip.decompress(raw))
    assert len(Recording.open(tmp_path / "plain")) == 2
    more = gzip.compress(json.dumps(KEY).encode() + b"\n")
    (tmp_path / "joined").write_bytes(raw + more)
    assert len(Recording.open(tmp_path / "joined")) == 3
    (tmp_path / "half").write_bytes(gzip.decompress(raw)[:-5])
    half = Recording.open(tmp_path / "half")
    assert len(half) == 1 and "cut off" in half.cut


@pytest.mark.parametrize("end", [b"\n", b""], ids=["a line of its own", "in a sample"])
def test_a_gzip_bomb_is_refused_at_the_longest_line(tmp_path: Path, end: bytes) -> None:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    nothing = bytes(1 << 20)
    packed = [packer.compress(HEADER + json.dumps(KEY).encode() + end), *(packer.compress(nothing) for _ in range(100))]
    (tmp_path / "r").write_bytes(b"".join((*packed, packer.flush())))
    assert (tmp_path / "r").stat().st_size < 1_000_000
    with pytest.raises(UsageError, match="too long"):
        Recording.open(tmp_path / "r")


@pytest.mark.parametrize(
    "bounds", [Bounds(text=20_000), Bounds(kept=500), Bounds(samples=5), Bounds(processes=10)], ids=lambda b: str(b)
)
def test_of_a_file_beyond_the_bounds_the_beginning_is_shown(tmp_path: Path, bounds: Bounds) -> None:
    path = written(tmp_path / "r", [KEY, *[DELTA] * 500] * 20)
    recording = Recording.open(path, bounds)
    assert 0 < len(recording) < 5000 and "too l" in recording.cut
    use_everything(recording.sample(len(recording) - 1))


def test_lines_without_end_after_one_key_frame_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="key frame is too far back"):
        Recording.open(written(tmp_path / "r", [KEY, *[DELTA] * 2000]))


def test_a_million_small_parts_end_the_reading(tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(gzip.compress(HEADER + json.dumps(KEY).encode() + b"\n") + gzip.compress(b"") * 50_000)
    assert len(Recording.open(tmp_path / "r")) == 1


def test_damage_anywhere_in_the_file_gives_samples_or_a_sentence(tmp_path: Path) -> None:
    samples = [sample(process(1, cpu_seconds=turn), process(turn + 2, 1), monotonic=float(turn)) for turn in range(40)]
    recorded(tmp_path / "r", samples)
    content = (tmp_path / "r").read_bytes()
    dice = random.Random(7)
    outcomes = set()
    for _ in range(400):
        broken = bytearray(content)
        for _ in range(dice.randrange(1, 4)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        outcomes.add(outcome(tmp_path / "broken", bytes(broken)))
    assert outcomes == {"shown", "refused"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\x1b[31m"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["pid", "started", "name"]), inner),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, one in inner for found in ((*path, name), *places(one, (*path, name)))]


RICH = KEY | {
    "ghosts": [KEY["processes"][0] | {"pid": 8, "exited_monotonic": 3.0, "meaning": {"task": "t"}}],
    "arrived": [[1, 1, 99.0]],
    "figures": [[1, 1, "R", 2, 0.5, 5]],
    "fresh": [[1, 1]],
}


@given(place=st.sampled_from(places(RICH)), value=VALUES)
def test_any_value_at_any_place_gives_a_sample_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Any, ...], value: Any
) -> None:
    text = json.dumps(changed(RICH, *place, to=value)).encode()
    path = tmp_path_factory.getbasetemp() / f"any-{os.getpid()}"
    assert outcome(path, HEADER + text + b"\n" + json.dumps(DELTA).encode() + b"\n") in ("shown", "refused")


def outcome(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    try:
        recording = Recording.open(path)
        for index in range(len(recording)):
            use_everything(recording.sample(index))
    except OctotuiError as error:
        assert isinstance(error, UsageError) and error.hint
        return "refused"
    finally:
        path.unlink()
    return "shown"


def test_the_lines_of_a_good_recording_are_what_these_tests_break(tmp_path: Path) -> None:
    recorded(tmp_path / "r", [PLAIN])
    assert lines_of(tmp_path / "r")[1] == KEY
    assert outcome(tmp_path / "s", HEADER + json.dumps(RICH).encode() + b"\n") == "shown"
