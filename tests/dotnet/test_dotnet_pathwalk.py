"""Paths of a process with another root: its links lead through its root, never through octotui's."""

from __future__ import annotations

from pathlib import Path

from octotui.dotnet.pathwalk import resolved


def test_absolute_link_stays_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "var/tmp").mkdir(parents=True)
    (tmp_path / "tmp").symlink_to("/var/tmp")
    assert resolved("/tmp", tmp_path) == "/var/tmp"


def test_link_upwards_ends_at_the_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "tmp").symlink_to("../../../etc")
    assert resolved("/tmp", tmp_path) == "/etc"


def test_link_to_nothing_or_to_itself_is_left_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "tmp").symlink_to("/not/there")
    (tmp_path / "round").symlink_to("round")
    assert resolved("/tmp", tmp_path) == "/tmp"
    assert resolved("/round", tmp_path) == "/round"
    assert resolved("relative", tmp_path) == "relative"
