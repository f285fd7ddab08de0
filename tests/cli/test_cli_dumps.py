"""`octotui dumps` and `octotui verify` on a store of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runner import Completed

NAME = "Calamari-14220-20240501T120000Z.dmp"


@pytest.fixture
def store(own_state: Path) -> Path:
    directory = own_state / "dumps"
    directory.mkdir(mode=0o700)
    (directory / NAME).write_bytes(b"x" * 1000)
    record = {
        "schema": 1, "captured_at": "2024-05-01T12:00:00Z", "pid": 14220, "role": "calamari", "type": "heap",
        "task": "ServerTasks-826567", "pause_seconds": 6.1, "outcome": "finished", "verified": True,
        "command": "Calamari \x1b[31mrun-script",
    }  # fmt: skip
    (directory / f"{NAME}.json").write_text(json.dumps(record))
    return directory


def test_an_empty_store_is_a_sentence_and_an_empty_list(cli: Callable[..., Completed]) -> None:
    assert cli("dumps").stdout.startswith("No dumps in ")
    assert cli("dumps", "--json").document["dumps"] == []


def test_the_list_names_size_pause_and_task(cli: Callable[..., Completed], store: Path) -> None:
    done = cli("dumps")
    assert done.status == 0
    assert all(word in done.stdout for word in (NAME, "1.0 kB", "6.1 s", "verified", "ServerTasks-826567", str(store)))


def test_the_list_as_json_has_the_fields_of_a_result(cli: Callable[..., Completed], store: Path) -> None:
    document = cli("dumps", "--json").document
    assert document["store"] == str(store)
    (dump,) = document["dumps"]
    assert (dump["name"], dump["bytes"], dump["pid"], dump["verified"]) == (NAME, 1000, 14220, True)
    assert dump["taken_at"] == "2024-05-01T12:00:00Z"
    assert dump["sha256"] is None


@pytest.mark.parametrize("name", [NAME, NAME.removesuffix(".dmp"), f"/anywhere/{NAME}"])
def test_a_dump_is_shown_by_its_name_without_driving_the_terminal(
    name: str, cli: Callable[..., Completed], store: Path
) -> None:
    done = cli("dumps", "show", name)
    assert done.status == 0
    assert "run-script" in done.stdout
    assert "\x1b" not in done.stdout
    assert cli("dumps", "show", name, "--json").document["record"]["pid"] == 14220


def test_removing_takes_dump_and_record_and_nothing_else(cli: Callable[..., Completed], store: Path) -> None:
    (store / "other.txt").touch()
    done = cli("dumps", "remove", NAME, "--yes", "--json")
    assert (done.status, done.document["bytes"]) == (0, 1000)
    assert os.listdir(store) == ["other.txt"]


def test_removing_without_a_yes_and_without_a_terminal_is_refused(cli: Callable[..., Completed], store: Path) -> None:
    done = cli("dumps", "remove", NAME)
    assert done.status == 2
    assert (store / NAME).exists()


def test_a_dump_without_a_record_is_listed_with_the_reason(cli: Callable[..., Completed], store: Path) -> None:
    (store / f"{NAME}.json").unlink()
    assert "it has no record" in cli("dumps").stdout


def test_verify_says_what_is_wrong_with_a_file(cli: Callable[..., Completed], store: Path) -> None:
    path = str(store / NAME)
    done = cli("verify", path)
    assert done.status == 1
    assert f"{path} is not a whole dump" in done.stderr
    in_json = cli("verify", path, "--json")
    assert in_json.status == 1
    assert in_json.document["whole"] is False
    assert in_json.document["error"]["message"]
    assert in_json.stderr == ""


def test_capture_that_lost_its_octotui_and_goes_on_is_told_of(
    cli: Callable[..., Completed], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from octotui.dumps.keeping.store import Store
    from octotui.dumps.staged.journal import Entry, Journal

    nobody = 2**31 - 1
    staging = f"{store}/.octotui-43d929cd1900f92f"
    entry = Entry(nobody, 1, 4242, 1, 4242, staging, 0, 0, "dump", 0, str(store), "Calamari.dmp", {"name": "Calamari"})
    Journal(Store(store).jobs).add("x", entry)
    monkeypatch.setenv("OCTOTUI_READ_ONLY", "true")
    done = cli("dumps")
    assert (done.status, done.stderr) == (0, "")
    assert "Not finished yet: Calamari 4242, begun by an octotui that has ended" in done.stdout
