"""What the built wheel holds, and that the styles are found from a wheel and from a checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from octotui.ui import stylesheets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    made = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(made), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(made.glob("*.whl")))


def test_the_wheel_holds_every_module_and_every_style(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "octotui").rglob("*.py")}
    styles = {f"octotui/styles/{path.name}" for path in (ROOT / "styles").glob("*.tcss")}
    assert styles
    assert modules | styles | {"octotui/py.typed"} <= names


def test_the_wheel_holds_the_programs_of_the_demo_but_no_test_and_no_cache(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert [name for name in names if name.startswith("octotui/demo/programs/") and name.endswith(".dll")]
    assert [name for name in names if "tests" in name or "__pycache__" in name] == []


def test_styles_are_found_inside_an_unpacked_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    found = stylesheets.styles_directory(tmp_path / "octotui")
    assert found == tmp_path / "octotui" / "styles"
    assert list(found.glob("*.tcss"))


def test_styles_are_found_beside_the_package_of_a_checkout() -> None:
    assert stylesheets.styles_directory() == ROOT / "styles"
    assert [path for path in stylesheets.stylesheet_paths() if not path.is_file()] == []


def test_the_wheel_depends_on_no_runtime_of_the_demo(wheel: zipfile.ZipFile) -> None:
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    lines = wheel.read(metadata).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert required
    assert not [line for line in required if "dnv" in line or "dotnetcore" in line or "pytest" in line]
