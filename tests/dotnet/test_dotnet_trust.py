"""Who can change what lies at a path, and who can run it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from octotui.dotnet.access import Identity, why_not_runnable
from octotui.dotnet.pathwalk import walk
from octotui.dotnet.trust import first_untrusted

NOBODY = Identity(uid=65534, gid=65534)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="files of another owner are made by root")


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """`/lib/net/createdump` below `tmp_path`, which the tests take for the root directory."""
    tmp_path.chmod(0o755)
    directory = tmp_path / "lib" / "net"
    directory.mkdir(parents=True, mode=0o755)
    path = directory / "createdump"
    path.write_bytes(b"")
    path.chmod(0o755)
    return path


def untrusted(root: Path, path: str = "/lib/net/createdump") -> str:
    return first_untrusted(path, root=root, owners={os.geteuid()})


def why(root: Path, who: Identity = NOBODY, path: str = "/lib/net/createdump") -> str:
    return why_not_runnable(path, who, root=root)


def test_a_path_that_only_its_owner_can_change_is_trusted(tool: Path, tmp_path: Path) -> None:
    assert untrusted(tmp_path) == ""


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_file_that_others_may_write_is_not_trusted(tool: Path, tmp_path: Path, mode: int) -> None:
    tool.chmod(mode)

    assert untrusted(tmp_path) == "/lib/net/createdump"


def test_the_first_directory_that_others_may_write_is_named(tool: Path, tmp_path: Path) -> None:
    (tmp_path / "lib").chmod(0o777)
    tool.chmod(0o777)

    assert untrusted(tmp_path) == "/lib"


def test_a_sticky_directory_is_trusted_as_tmp_must_be(tool: Path, tmp_path: Path) -> None:
    (tmp_path / "lib").chmod(0o1777)

    assert untrusted(tmp_path) == ""


@needs_root
def test_a_directory_of_another_owner_is_not_trusted(tool: Path, tmp_path: Path) -> None:
    os.chown(tmp_path / "lib" / "net", 65534, 65534)

    assert untrusted(tmp_path) == "/lib/net"


@needs_root
def test_a_link_of_another_owner_is_not_trusted(tool: Path, tmp_path: Path) -> None:
    (tmp_path / "net").symlink_to("/lib/net")
    assert untrusted(tmp_path, "/net/createdump") == ""

    os.lchown(tmp_path / "net", 65534, 65534)

    assert untrusted(tmp_path, "/net/createdump") == "/net"


def test_links_are_followed_inside_the_root_and_what_they_lead_to_is_judged(tool: Path, tmp_path: Path) -> None:
    open_directory = tmp_path / "open"
    open_directory.mkdir()
    open_directory.chmod(0o777)
    (open_directory / "createdump").write_bytes(b"")
    (tmp_path / "lib" / "link").symlink_to("../open")

    assert untrusted(tmp_path, "/lib/link/createdump") == "/open"


@pytest.mark.parametrize("path", ["/lib/net/absent", "createdump", "", "/lib/net/createdump/x"])
def test_what_cannot_be_looked_at_is_not_trusted(tool: Path, tmp_path: Path, path: str) -> None:
    assert first_untrusted(path, root=tmp_path, owners={os.geteuid()}) == path or path == ""


def test_a_circle_of_links_ends(tool: Path, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    with pytest.raises(OSError, match="too many links"):
        list(walk("/a", tmp_path))
    assert untrusted(tmp_path, "/a") == "/a"
    assert "cannot be looked at" in why(tmp_path, path="/a")


def test_dot_dot_never_leaves_the_root(tool: Path, tmp_path: Path) -> None:
    reached = [component.path for component in walk("/../../lib/../lib/./net/createdump", tmp_path)]

    assert reached[-1] == "/lib/net/createdump"


def test_everybody_may_run_a_file_with_all_run_bits(tool: Path, tmp_path: Path) -> None:
    assert why(tmp_path) == ""


def test_the_mode_is_named_when_the_run_bit_is_missing(tool: Path, tmp_path: Path) -> None:
    tool.chmod(0o644)

    assert why(tmp_path) == "/lib/net/createdump is not executable for uid 65534 (mode 0644)"


def test_root_needs_one_run_bit_of_the_three(tool: Path, tmp_path: Path) -> None:
    root = Identity(uid=0, gid=0, overrides_modes=True)
    tool.chmod(0o001)
    assert why(tmp_path, root) == ""

    tool.chmod(0o600)

    assert "mode 0600" in why(tmp_path, root)


def test_a_group_that_may_run_it_counts_whether_first_or_further(tool: Path, tmp_path: Path) -> None:
    tool.chmod(0o750)
    group = tool.stat().st_gid

    assert why(tmp_path, Identity(uid=65534, gid=group)) == ""
    assert why(tmp_path, Identity(uid=65534, gid=65534, groups=(4, group))) == ""
    assert why(tmp_path, Identity(uid=65534, gid=65534, groups=(4,))) != ""


def test_the_owners_missing_bit_is_not_made_good_by_the_others(tool: Path, tmp_path: Path) -> None:
    tool.chmod(0o077)

    assert "not executable" in why(tmp_path, Identity(uid=tool.stat().st_uid, gid=65534))


def test_a_directory_that_may_not_be_passed_is_named(tool: Path, tmp_path: Path) -> None:
    (tmp_path / "lib").chmod(0o700)

    assert why(tmp_path) == "uid 65534 may not pass the directory /lib"


def test_an_absent_file_and_a_directory_cannot_be_run(tool: Path, tmp_path: Path) -> None:
    assert why(tmp_path, path="/lib/net/absent") == "there is no /lib/net/absent"
    assert why(tmp_path, path="/lib/net") == "/lib/net is not a regular file"


def test_a_noexec_mount_is_named(tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tool)
    flags = os.statvfs_result((*real[:8], real.f_flag | os.ST_NOEXEC, real.f_namemax))
    monkeypatch.setattr(os, "statvfs", lambda path: flags)

    assert why(tmp_path) == "/lib/net/createdump lies on a file system mounted noexec"


def test_a_hostile_name_reaches_the_screen_as_text(tmp_path: Path) -> None:
    assert "\x1b" not in why(tmp_path, path="/\x1b[31m/createdump")
