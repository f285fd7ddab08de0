"""How lines and documents leave the program: no secret, no control character, no encoding error."""

from __future__ import annotations

import io
import json
import sys

import pytest

from octotui.cli import output


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
