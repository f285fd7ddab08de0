"""Wrong command lines: a sentence and a next step on stderr, the right exit code, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runner import Completed

import octotui

NASTY = [
    (["duump"], 2),
    (["\x1b[31mred"], 2),
    (["14220"], 2),
    (["--json"], 2),
    (["--all", "tree"], 2),
    (["--pid", "x"], 2),
    (["--pid", "-1"], 2),
    (["--interval", "0.0001"], 2),
    (["--interval", "nan"], 2),
    (["--theme", "\x1b]0;title\x07"], 2),
    ([], 2),
    (["demo"], 2),
    (["dump"], 2),
    (["dump", "--json"], 2),
    (["dump", "0"], 2),
    (["dump", "-5"], 2),
    (["dump", "Calamari", "--yes"], 2),
    (["dump", "1", "--output", "", "--yes"], 2),
    (["dump", "99999999999999999999"], 2),
    (["dump", "1", "--type", "huge", "--yes"], 2),
    (["dump", "1"], 2),
    (["dump", "--role", "\x1b[2J", "--yes"], 2),
    (["dump", "--role", "", "--yes"], 2),
    (["dump", "4194303", "--yes"], 4),
    (["verify"], 2),
    (["verify", "/nonexistent/\x1b[31m.dmp"], 2),
    (["verify", ""], 2),
    (["verify", "/"], 1),
    (["verify", "/dev/null"], 1),
    (["doctor", "4194303"], 4),
    (["doctor", "\u202e1"], 2),
    (["tree", "--filter", '"open'], 2),
    (["tree", "--filter", "pid:x"], 2),
    (["dumps", "show", "../../etc/passwd"], 2),
    (["dumps", "remove", "no-such.dmp", "--yes"], 2),
    (["dumps", "remove", "no-such.dmp"], 2),
    (["completion", "csh"], 2),
    (["config", "show"], 2),
    (["config", "--keys", "path"], 2),
    (["--no-config", "tree"], 2),
]


@pytest.mark.parametrize(("arguments", "status"), NASTY, ids=lambda value: ascii(value))
def test_a_wrong_command_line_is_a_sentence_and_an_exit_code(
    arguments: list[str], status: int, cli: Callable[..., Completed]
) -> None:
    done = cli(*arguments)
    assert done.status == status
    assert done.stderr.startswith("octotui: ")
    assert "Traceback" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stderr


def test_with_json_a_failure_is_a_document_as_well(cli: Callable[..., Completed]) -> None:
    done = cli("dump", "4194303", "--yes", "--json")
    assert done.status == 4
    assert list(done.document) == ["schema", "error"]
    assert done.document["error"]["code"] == "nothing-matched"
    assert "4194303" in done.stderr


def test_a_broken_config_file_is_named_and_nothing_else_happens(
    cli: Callable[..., Completed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("intervall = 3\n")
    monkeypatch.setenv("OCTOTUI_CONFIG", str(config))
    done = cli("tree")
    assert done.status == 2
    assert str(config) in done.stderr
    assert "interval" in done.stderr


def test_version_is_one_line(program: Callable[..., Completed]) -> None:
    done = program("--version")
    assert (done.status, done.stdout, done.stderr) == (0, f"octotui {octotui.__version__}\n", "")


def test_help_names_every_command_and_the_exit_codes(cli: Callable[..., Completed]) -> None:
    from octotui.cli.group import COMMANDS

    done = cli("--help")
    assert done.status == 0
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)
    assert "130 interrupted" in done.stdout.replace("\n  ", " ")


@pytest.mark.parametrize("name", ["tree", "dump", "dumps", "verify", "doctor", "config", "demo", "completion"])
def test_every_command_has_help(name: str, cli: Callable[..., Completed]) -> None:
    done = cli(name, "-h")
    assert done.status == 0
    assert done.stdout.startswith(f"Usage: octotui {name}")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str, cli: Callable[..., Completed]) -> None:
    done = cli("completion", shell)
    assert done.status == 0
    assert "_OCTOTUI_COMPLETE" in done.stdout


def test_completion_of_the_first_word_lists_the_commands(program: Callable[..., Completed]) -> None:
    asked = {"_OCTOTUI_COMPLETE": "bash_complete", "COMP_WORDS": "octotui du", "COMP_CWORD": "1"}
    done = program(environment=asked)
    assert done.status == 0
    assert done.stdout.split() == ["plain,dump", "plain,dumps"]


def test_an_unforeseen_error_is_a_sentence_and_exit_code_1(tmp_path: Path, program: Callable[..., Completed]) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import octotui.host\n\n\ndef broken(*_):\n    raise ZeroDivisionError('by \\x1b[31m chance')\n\n\n"
        "octotui.host.Host.open = broken\n"
    )
    done = program("tree", "--json", environment={"PYTHONPATH": str(tmp_path)})
    assert done.status == 1
    assert "Traceback" not in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "\x1b" not in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "defect"
    shown = program("--debug", "tree", environment={"PYTHONPATH": str(tmp_path)})
    assert shown.status == 1
    assert "Traceback" in shown.stderr


def test_a_reader_of_the_output_that_goes_away_causes_no_complaint(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "octotui", "tree", "--all", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


@pytest.mark.parametrize(("wrong", "near"), [("drak", "dark"), ("contrast", "high-contrast"), ("Light", "light")])
def test_a_wrong_theme_is_answered_with_the_nearest(wrong: str, near: str, cli: Callable[..., Completed]) -> None:
    done = cli("--theme", wrong)
    assert done.status == 2
    assert f'did you mean "{near}"?' in done.stderr
