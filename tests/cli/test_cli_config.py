"""`octotui config`: every setting with its value and origin, the keys, the files; nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runner import Completed

from octotui.config import KEYS
from octotui.ui.actions import ACTIONS


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config file that OCTOTUI_CONFIG names and that is not there yet, and no setting in the environment."""
    for name in [name for name in os.environ if name.startswith("OCTOTUI_") and name != "OCTOTUI_STATE_DIR"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    path = tmp_path / "config.toml"
    monkeypatch.setenv("OCTOTUI_CONFIG", str(path))
    return path


def row(done: Completed, name: str) -> list[str]:
    return next(line for line in done.stdout.splitlines() if line.startswith(f"{name} ")).split(maxsplit=2)


def test_without_anything_set_every_setting_is_a_default(config: Path, cli: Callable[..., Completed]) -> None:
    done = cli("config")
    assert done.status == 0 and done.stderr == ""
    assert all(row(done, key.name)[-1].startswith(("default", "store  default")) for key in KEYS)
    assert "Keys: the defaults" in done.stdout
    assert f"{config}  absent" in done.stdout
    assert not config.exists()


def test_each_value_says_which_file_or_variable_it_comes_from(
    config: Path, cli: Callable[..., Completed], monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('interval = 5\nread-only = true\n[keys]\ndump-tree = "Ctrl+D"\n')
    monkeypatch.setenv("OCTOTUI_THEME", "light")
    done = cli("config")
    assert row(done, "interval") == ["interval", "5.0", str(config)]
    assert row(done, "read-only") == ["read-only", "true", str(config)]
    assert row(done, "theme") == ["theme", '"light"', "OCTOTUI_THEME"]
    assert row(done, "ascii") == ["ascii", "false", "default, by the locale"]
    assert row(done, "dump-tree")[:2] == ["dump-tree", "Ctrl+d"]
    assert "another action took a key" in " ".join(row(done, "page-down"))
    assert "cancel-job" not in done.stdout
    assert f"{config}  read" in done.stdout


def test_all_keys_are_listed_on_request(config: Path, cli: Callable[..., Completed]) -> None:
    done = cli("config", "--keys")
    assert all(f"\n{action.id} " in done.stdout for action in ACTIONS)


def test_as_json_it_is_one_document(
    config: Path, cli: Callable[..., Completed], monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('[keys]\nmark = ["F8", "m"]\n')
    monkeypatch.setenv("OCTOTUI_MOUSE", "no")
    document = cli("config", "--json").document
    assert list(document) == ["schema", "settings", "keys", "files"] and document["schema"] == 1
    settings = {one["name"]: one for one in document["settings"]}
    assert list(settings) == [key.name for key in KEYS]
    assert settings["mouse"] == {"name": "mouse", "value": False, "origin": "environment", "from": "OCTOTUI_MOUSE"}
    assert settings["output"]["value"] is None
    keys = {one["action"]: one for one in document["keys"]}
    assert keys["mark"] == {"action": "mark", "keys": ["F8", "m"], "default": ["m"], "from": str(config)}
    assert document["files"] == [{"path": str(config), "state": "read"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("intervall = 3", 'did you mean "interval"?'),
        ('[keys]\ndump-three = "d"', 'did you mean "dump-tree"?'),
        ('[keys]\ndump-tree = "F77"', "did you mean"),
        ('[keys]\ndump-tree = "x"', "cancel-job has no other key"),
        ('filter = "pid:x"', "makes no sense"),
        ('quota = "lots"', "neither a share nor a size"),
    ],
)
def test_a_wrong_config_is_a_sentence_and_exit_code_2(
    text: str, words: str, config: Path, cli: Callable[..., Completed]
) -> None:
    config.write_text(text)
    done = cli("config")
    assert (done.status, done.stdout) == (2, "") and words in done.stderr
    assert cli("config", "--no-config").status == 0
    found = cli("config", "--json")
    assert found.status == 2 and found.document["error"]["code"]


def test_values_of_strangers_are_printable_and_secrets_in_them_masked(
    config: Path, cli: Callable[..., Completed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTOTUI_OUTPUT", "/tmp/\x1b]0;pwned\x07/\u202edumps\udcff")
    monkeypatch.setenv("OCTOTUI_FILTER", "--apiKey=API-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    for arguments in (["config"], ["config", "--json"], ["config", "path"]):
        done = cli(*arguments)
        assert done.status == 0
        assert not {"\x1b", "\x07", "\u202e", "\udcff"} & set(done.stdout)
        assert "ABCDEFGHIJKLMNOPQRSTUVWXYZ" not in done.stdout


def test_the_files_are_listed_in_reading_order_however_they_stand(
    config: Path, cli: Callable[..., Completed], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("config", "path").stdout.splitlines()[0].split() == [str(config), "absent"]
    config.write_text("no = [")
    done = cli("config", "path")
    assert done.status == 0
    assert done.stdout.splitlines()[0].startswith(f"{config}  wrong") and "not valid TOML" in done.stdout
    assert cli("config", "path", "--json").document["files"][0]["state"] == "wrong"
    config.unlink()
    config.mkdir()
    assert "cannot read the config file" in cli("config", "path").stdout
    monkeypatch.delenv("OCTOTUI_CONFIG")
    found = [one["path"] for one in cli("config", "path", "--json").document["files"]]
    assert found[0] == "/etc/octotui/config.toml" and found[1].endswith("/octotui/config.toml")


def test_config_starts_without_textual(config: Path, program: Callable[..., Completed], tmp_path: Path) -> None:
    (tmp_path / "textual.py").write_text("raise SystemExit('Textual was imported')\n")
    done = program("config", "--keys", environment={"PYTHONPATH": str(tmp_path)})
    assert (done.status, done.stderr) == (0, "")
