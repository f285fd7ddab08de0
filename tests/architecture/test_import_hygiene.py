"""What a fresh interpreter has loaded after an import or a command: Textual for the screen alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "octotui"
LOOK = "print(*sorted({name.partition('.')[0] for name in sys.modules} & {'textual', 'rich', 'psutil', 'zstandard'}))"
CHECKED = "import sys; from octotui.cli import run; from octotui.cli.output import Session; "


def fresh(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environment = {"OCTOTUI_STATE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120, check=True
    )


def below_ui() -> list[str]:
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))
    return sorted(n.removesuffix(".__init__") for n in names if not n.startswith("octotui.ui") and "__main__" not in n)


def test_no_module_below_the_ui_loads_textual_or_rich(tmp_path: Path) -> None:
    code = "import importlib, sys\n" + "\n".join(f"importlib.import_module({name!r})" for name in below_ui())
    assert "textual" not in (loaded := fresh(f"{code}\n{LOOK}", tmp_path).stdout)
    assert "rich" not in loaded
    assert "zstandard" not in loaded


def test_the_action_table_can_be_read_without_textual(tmp_path: Path) -> None:
    assert "textual" not in fresh(f"import sys, octotui.ui.actions, octotui.ui.stylesheets\n{LOOK}", tmp_path).stdout


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["completion", "bash"], ["tree", "--help"]])
def test_a_command_that_only_prints_loads_no_heavy_package(arguments: list[str], tmp_path: Path) -> None:
    printed = fresh(f"{CHECKED}run({arguments!r}, Session()); {LOOK}", tmp_path).stdout.splitlines()
    assert printed[-1] == ""


@pytest.mark.parametrize("arguments", [["tree"], ["tree", "--json"], ["doctor", "--json"], ["dumps"]])
def test_a_command_without_the_screen_never_loads_textual(arguments: list[str], tmp_path: Path) -> None:
    printed = fresh(f"{CHECKED}run({arguments!r}, Session()); {LOOK}", tmp_path).stdout.splitlines()
    assert "textual" not in printed[-1]
