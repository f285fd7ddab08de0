"""How lines and documents leave the program: no secret, no control character, no encoding error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from octotui.cli import output, terminal
from octotui.text import locale_is_utf8


def test_a_line_for_a_terminal_without_unicode_is_drawn_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", stdout)
    output.line("└ Calamari ≈ 3 … ü")
    assert raw.getvalue() == b"` Calamari ~ 3 ~ ?\n"


def test_a_line_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.line("a\x1b[31mb\u202ec\rd\ne")
    written = capsys.readouterr().out
    assert written.count("\n") == 1
    assert not set(written) & {"\x1b", "\u202e", "\r"}


def test_a_document_is_pure_ascii_with_the_schema_first(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_json({"name": "ü\x1b\u202e\ud800"})
    written = capsys.readouterr().out
    assert written.isascii() and "\x1b" not in written
    assert next(iter(json.loads(written))) == "schema"


def test_an_error_that_quotes_a_secret_is_told_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    session = output.Session()
    session.as_json = True
    status = session.report(
        "it said: API-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "--apiKey=API-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "x", 1
    )
    written = capsys.readouterr()
    assert status == 1
    assert "API-ABCDEFGH" not in written.out + written.err


@pytest.mark.parametrize("variable", output.SCRIPT_STEP_VARIABLES)
def test_a_script_step_gets_no_redrawn_lines_even_on_a_terminal(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert output.shows_progress({"TERM": "xterm"})
    assert not output.shows_progress({"TERM": "xterm", variable: "/home/octopus"})
    assert not output.shows_progress({"TERM": "dumb"})
    assert not output.shows_progress({})


def test_columns_align_by_cells_and_leave_no_trailing_blank() -> None:
    lines = output.columns([("1", "日本", "x"), ("812", "a", "")], right=frozenset({0}))
    assert lines == ["  1  日本  x", "812  a"]


def test_no_rows_give_no_lines() -> None:
    assert output.columns([]) == []


def test_what_python_wrote_into_the_environment_does_not_count_as_the_locale() -> None:
    coerced = {"LANG": "C", "LC_CTYPE": "C.UTF-8"}
    assert not locale_is_utf8(terminal.environment(coerced, {"LANG": "C", "PATH": "/bin"}))
    assert locale_is_utf8(terminal.environment(coerced, coerced))
    assert locale_is_utf8(terminal.environment(coerced, {}))


@pytest.mark.parametrize(("language", "sign"), [("C", b"`"), ("C.UTF-8", "└".encode())])
def test_the_program_draws_in_what_the_locale_can_show(language: str, sign: bytes) -> None:
    others = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    code = "from octotui.cli import output; output.line('└')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**others, "LANG": language}, capture_output=True, check=True
    )
    assert done.stdout == sign + b"\n"
