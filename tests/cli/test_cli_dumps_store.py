"""`octotui dumps verify`, `export`, `remove`, `prune` on a store with real cores in it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard
from cli_runner import Completed
from small_disks import small_disk_at
from store_shelf import keep
from terminal_emulator import Terminal

NOW = datetime.now(UTC)
NEW, OLD = "Calamari-1-new.dmp", "Calamari-2-old.dmp"
Cli = Callable[..., Completed]


@pytest.fixture
def store(own_state: Path) -> Path:
    directory = own_state / "dumps"
    directory.mkdir(mode=0o700)
    keep(directory, NEW, NOW - timedelta(hours=1), 2_000_000)
    keep(directory, OLD, NOW - timedelta(days=20), 1_000_000)
    return directory


def dumps(store: Path) -> list[str]:
    return sorted(path.name for path in store.glob("*.dmp"))


def test_list_tells_ages_and_how_full_the_store_is(cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTOTUI_QUOTA", "20MB")
    text = cli("dumps").stdout
    assert "20d" in text and "1h" in text
    assert "3.0 MB of the quota of 20 MB used" in text
    document = cli("dumps", "--json").document
    assert (document["quota_bytes"], document["keep_free_bytes"]) == (20_000_000, None)
    assert document["used_bytes"] >= 3_000_000
    assert document["dumps"][1]["age_seconds"] >= 20 * 86400


def test_bad_limit_is_bad_usage_in_its_own_words(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTOTUI_KEEP_FREE", "a lot")
    done = cli("dumps")
    assert done.status == 2
    assert 'keep-free: "a lot" is neither a share nor a size' in done.stderr


def test_verify_tells_good_from_changed_and_exits_by_it(cli: Cli, store: Path) -> None:
    good = cli("dumps", "verify", "--all")
    assert (good.status, "2 of 2 are what was recorded" in good.stdout) == (0, True)
    with (store / OLD).open("r+b") as stream:
        stream.seek(500_000)
        stream.write(b"changed")
    bad = cli("dumps", "verify", NEW, OLD)
    assert bad.status == 1
    assert f"{OLD}: its SHA-256 is" in bad.stdout
    assert f"{NEW}: whole" in bad.stdout
    document = cli("dumps", "verify", "--all", "--json").document
    assert (document["good"], document["different"]) == (1, 1)
    assert [dump["good"] for dump in document["dumps"]] == [True, False]


@pytest.mark.parametrize("arguments", [(), ("--all", NEW), ("no-such",)])
def test_verify_of_nothing_in_particular_is_bad_usage(cli: Cli, store: Path, arguments: tuple[str, ...]) -> None:
    assert cli("dumps", "verify", *arguments).status == 2


def test_export_copies_and_says_where(cli: Cli, store: Path, tmp_path: Path) -> None:
    done = cli("dumps", "export", NEW, str(tmp_path))
    assert done.status == 0
    assert (tmp_path / NEW).read_bytes() == (store / NEW).read_bytes()
    assert "It holds every secret" in done.stdout
    again = cli("dumps", "export", NEW, str(tmp_path), "--json")
    assert (again.status, again.document["error"]["code"]) == (2, "usage")
    packed = cli("dumps", "export", NEW, str(tmp_path / "x.zst"), "--zstd", "--level", "9", "--json").document
    with (tmp_path / "x.zst").open("rb") as stream:
        assert zstandard.ZstdDecompressor().stream_reader(stream).read() == (store / NEW).read_bytes()
    assert packed["path"] == str(tmp_path / "x.zst")


def test_export_to_stdout_is_the_dump_alone(store: Path, own_state: Path) -> None:
    command = [sys.executable, "-m", "octotui", "dumps", "export", NEW, "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (store / NEW).read_bytes()
    reader = subprocess.run(["sh", "-c", f'"$@" | head -c 10 >{own_state}/head', "sh", *command], check=False)
    assert reader.returncode == 0
    assert (own_state / "head").stat().st_size == 10


@pytest.mark.parametrize("options", [("--json",), ("--level", "3"), ("--zstd", "--level", "99")])
def test_export_that_makes_no_sense_is_bad_usage(cli: Cli, store: Path, options: tuple[str, ...]) -> None:
    assert cli("dumps", "export", NEW, "-", *options).status == 2


def test_export_to_a_full_disk_is_a_sentence_and_a_status(cli: Cli, store: Path, tmp_path: Path) -> None:
    with small_disk_at(tmp_path / "disk", "1m") as disk:
        done = cli("dumps", "export", NEW, str(disk), "--json")
        assert (done.status, done.document["error"]["code"]) == (1, "disk-full")
        assert "the disk has" in done.document["error"]["message"]
        assert os.listdir(disk) == []


def test_export_that_is_told_to_end_leaves_nothing(store: Path, tmp_path: Path) -> None:
    keep(store, "large.dmp", NOW, 64 << 30, is_sparse=True)
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-m", "octotui", "dumps", "export", "large", str(out), "--zstd", "--level", "19"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while not any("/out/" in path for path in open_files(process.pid)):
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, b"interrupted" in said) == (130, True)
    assert os.listdir(out) == []


def open_files(pid: int) -> list[str]:
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


def test_several_dumps_are_removed_at_once(cli: Cli, store: Path) -> None:
    assert cli("dumps", "remove", NEW, "no-such", "--yes").status == 2
    assert dumps(store) == [NEW, OLD]
    done = cli("dumps", "remove", NEW, OLD, OLD, "--yes", "--json")
    assert (done.status, done.document["removed"]) == (0, [NEW, OLD])
    assert list(store.iterdir()) == []


@pytest.mark.parametrize("command", [("remove", NEW), ("prune", "--keep", "0")])
def test_removing_needs_a_yes_and_is_refused_when_read_only(
    cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    assert cli("dumps", *command).status == 2
    assert cli("dumps", *command, "--json").status == 2
    monkeypatch.setenv("OCTOTUI_READ_ONLY", "1")
    assert cli("dumps", *command, "--yes").status == 3
    assert dumps(store) == [NEW, OLD]


def test_prune_shows_what_would_go_and_takes_it_with_a_yes(cli: Cli, store: Path) -> None:
    dry = cli("dumps", "prune", "--older-than", "14d", "--dry-run")
    assert (dry.status, OLD in dry.stdout, NEW in dry.stdout) == (0, True, False)
    as_json = cli("dumps", "prune", "--older-than", "14d", "--dry-run", "--json").document
    assert [dump["name"] for dump in as_json["would_remove"]] == [OLD]
    assert dumps(store) == [NEW, OLD]
    done = cli("dumps", "prune", "--older-than", "14d", "--yes")
    assert (done.status, dumps(store)) == (0, [NEW])
    again = cli("dumps", "prune", "--older-than", "14d", "--yes")
    assert (again.status, "Nothing is old" in again.stdout) == (0, True)


def test_prune_to_the_quota_takes_no_more_than_it_must(cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTOTUI_QUOTA", "2.5MB")
    assert cli("dumps", "prune", "--to-quota", "--yes").status == 0
    assert dumps(store) == [NEW]
    monkeypatch.setenv("OCTOTUI_QUOTA", "1KB")
    kept = cli("dumps", "prune", "--to-quota", "--keep", "1", "--yes")
    assert "still missing" in kept.stdout
    assert dumps(store) == [NEW]


@pytest.mark.parametrize("options", [(), ("--yes",), ("--older-than", "soon"), ("--keep", "-1"), ("--free", "much")])
def test_prune_without_a_rule_that_it_knows_removes_nothing(cli: Cli, store: Path, options: tuple[str, ...]) -> None:
    assert cli("dumps", "prune", *options).status == 2
    assert dumps(store) == [NEW, OLD]


def test_person_is_asked_before_dumps_go(store: Path, own_state: Path) -> None:
    for answer, left in (("n", [NEW, OLD]), ("y", [NEW])):
        with Terminal(["dumps", "prune", "--older-than", "14d"], {}) as terminal:
            terminal.wait_for(lambda text: "Remove Calamari-2-old.dmp (1.0 MB)? [y/N]" in text)
            terminal.press(f"{answer}\n")
            assert terminal.wait_for_end() == (130 if answer == "n" else 0)
        assert dumps(store) == left
