"""What the repository promises about itself: sizes, README, change log, no trace of one machine."""

from __future__ import annotations

import ast
import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

import octotui
from octotui.ui.actions import key_table_markdown

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "octotui"
LONGEST_FILE = 250
LONGEST_CLASS = 300
BEGIN, END = "<!-- keys:begin -->\n", "<!-- keys:end -->"
TEXTS = [*PACKAGE.rglob("*.py"), *ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("styles/*.tcss")]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=shown)
def test_a_module_is_short_and_says_its_purpose_first(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes if (node.end_lineno or 0) - node.lineno >= LONGEST_CLASS] == []


def test_the_key_table_of_the_readme_is_the_action_table() -> None:
    _, begin, rest = (ROOT / "README.md").read_text("utf-8").partition(BEGIN)
    table, end, _ = rest.partition(END)
    assert begin and end
    assert table == key_table_markdown(), "run: make keys"


def test_the_picture_of_the_readme_exists() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).stat().st_size > 1000


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8")):
            assert "://" in link or (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_change_log_tells_of_this_version() -> None:
    assert f"## [{octotui.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_readme_names_every_command() -> None:
    from octotui.cli.group import COMMANDS

    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"octotui {name}" not in readme] == []


def words_of(picture: Path) -> list[str]:
    """The texts of an SVG, top to bottom; its colours and measures may differ from one Textual to the next."""
    found = re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text("utf-8"))
    return [html.unescape(text).replace("\xa0", " ").strip() for text in found]


def test_the_pictures_are_what_the_program_draws_today(tmp_path: Path) -> None:
    drawing = ROOT / "tests" / "ui" / "ui_picture.py"
    subprocess.run([sys.executable, str(drawing), str(tmp_path)], check=True, timeout=120)
    drawn = sorted(tmp_path.glob("*.svg"))
    assert len(drawn) == 2
    for picture in drawn:
        assert words_of(picture) == words_of(ROOT / "docs" / picture.name), "run: make picture"


@pytest.mark.parametrize("path", sorted(TEXTS), ids=shown)
def test_no_file_names_a_path_of_one_machine_or_drives_a_terminal(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"/work/|/Users/|\.pyenv|/opt/wheels", text)
    assert "\x1b" not in text
