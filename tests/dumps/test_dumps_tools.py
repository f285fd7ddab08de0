"""Tools of the host: whom a createdump would dump, which one may stand in, and which dotnet-dump may be started."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from octotui.dotnet.access import Identity
from octotui.dumps.backends import dotnettool
from octotui.dumps.backends.hosttools import host_tools
from octotui.dumps.backends.toolhelp import LARGEST_TOOL, Whom, knows_single_file, whom

OLD = b"\x7fELF...createdump [options] pid\n-f, --name - dump path\n"
WITH_SINGLE_FILE = OLD + b"--singlefile - single-file app model.\n"
NEW = b"createdump [options]\ncreatedump writes a dump of its parent process; a target PID cannot be specified\n"
INTERIM = OLD + b"The pid argument is no longer supported\n"
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs files of several users")


@pytest.fixture
def rooted() -> Iterator[Path]:
    """A directory of root that all can pass."""
    made = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def tool(directory: Path, content: bytes = WITH_SINGLE_FILE) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name in ("createdump", "libmscordaccore.so"):
        (directory / name).write_bytes(content)
        (directory / name).chmod(0o755)
    return directory / "createdump"


@pytest.mark.parametrize(
    ("content", "version", "expected"),
    [
        (OLD, "8.0.4", Whom.THE_PID),
        (OLD, "", Whom.THE_PID),
        (NEW, "10.0.1", Whom.ITS_PARENT),
        (INTERIM, "10.0.1", Whom.ITS_PARENT),
        (OLD, "11.0.0-preview.1", Whom.ITS_PARENT),
        (b"#!/bin/sh\n", "8.0.4", Whom.UNKNOWN),
        (b"", "8.0.4", Whom.UNKNOWN),
    ],
)
def test_a_createdump_is_known_by_its_words_before_it_is_started(
    tmp_path: Path, content: bytes, version: str, expected: Whom
) -> None:
    assert whom(str(tool(tmp_path / "runtime", content)), version) is expected


def test_words_that_come_after_an_update_count(tmp_path: Path) -> None:
    path = tool(tmp_path / "runtime", OLD)
    assert whom(str(path)) is Whom.THE_PID
    path.write_bytes(NEW)
    assert whom(str(path)) is Whom.ITS_PARENT


def test_what_is_no_plain_file_or_too_large_says_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    with (tmp_path / "large").open("wb") as stream:
        stream.seek(LARGEST_TOOL)
        stream.write(OLD)
    for name in ("pipe", "link", "large", "absent", "nul\0"):
        assert whom(f"{tmp_path}/{name}") is Whom.UNKNOWN
        assert not knows_single_file(f"{tmp_path}/{name}")


@needs_root
def test_only_a_createdump_of_root_that_takes_a_pid_and_leaves_libraries_alone_stands_in(rooted: Path) -> None:
    shared = rooted / "dotnet/shared/Microsoft.NETCore.App"
    newest, older = tool(shared / "10.0.2"), tool(shared / "8.0.20")
    tool(shared / "3.1.23", OLD)
    tool(shared / "11.0.0")
    tool(shared / "10.0.3", NEW)
    theirs = tool(shared / "9.0.1")
    os.chown(theirs.with_name("libmscordaccore.so"), NOBODY, NOBODY)
    writable = tool(shared / "9.0.2")
    writable.chmod(0o775)
    tentacle = tool(rooted / "octopus/tentacle")
    found = host_tools([str(rooted / "dotnet"), "relative", "/nonexistent"], rooted / "octopus")
    assert [one.path for one in found] == [str(newest), str(older), str(tentacle)]
    newest.chmod(0o744)
    assert "not executable" in found[0].why_not_for(Identity(NOBODY, NOBODY))
    assert found[1].why_not_for(Identity(NOBODY, NOBODY)) == ""


class Installed:
    """A dotnet-dump of root with a store beside it, and a runtime."""

    def __init__(self, home: Path) -> None:
        self.tools = home / "tools"
        self.store = self.tools / ".store/dotnet-dump/9.0.1/tools"
        self.store.mkdir(parents=True)
        (self.store / "dotnet-dump.dll").touch()
        self.path = self.tools / "dotnet-dump"
        self.path.touch(0o755)
        self.path.chmod(0o755)
        self.runtime = home / "dotnet"
        (self.runtime / "shared/Microsoft.NETCore.App/8.0.4").mkdir(parents=True)
        (self.runtime / "host/fxr/8.0.4").mkdir(parents=True)

    def find(self, uid: int = 0, owners: frozenset[int] = frozenset({0})) -> dotnettool.Found:
        return dotnettool.find(
            Identity(uid, uid, overrides_modes=uid == 0),
            "/nowhere",
            owners,
            environment={"PATH": f".:{self.tools}"},
            fixed=(),
            roots=(str(self.runtime),),
        )


@pytest.fixture
def installed(rooted: Path) -> Installed:
    return Installed(rooted)


@needs_root
def test_a_dotnet_dump_of_root_is_found_with_its_runtime(installed: Installed) -> None:
    found = installed.find()
    assert (found.path, found.runtime_root, found.problem) == (str(installed.path), str(installed.runtime), "")
    assert installed.find(NOBODY).path == str(installed.path)


@needs_root
@pytest.mark.parametrize(
    "name", ["dotnet-dump", ".store/dotnet-dump/9.0.1", ".store/dotnet-dump/9.0.1/tools/dotnet-dump.dll"]
)
def test_a_dotnet_dump_with_one_file_of_another_is_not_used(installed: Installed, name: str) -> None:
    theirs = installed.tools / name
    os.chown(theirs, NOBODY, NOBODY)
    found = installed.find(NOBODY)
    assert (found.path, found.is_installed) == ("", True)
    assert found.problem.endswith(f"someone other than root can change {theirs}")
    assert installed.find(NOBODY, frozenset({0, NOBODY})).path == str(installed.path), "its own user may run it"


@needs_root
def test_a_dotnet_dump_without_a_runtime_that_can_be_trusted_says_what_is_missing(installed: Installed) -> None:
    os.chown(installed.runtime / "host/fxr", NOBODY, NOBODY)
    found = installed.find()
    assert found.path == ""
    assert "needs a .NET runtime" in found.problem
    assert "/usr/share/dotnet" in found.hint


def test_a_tool_that_is_nowhere_is_not_installed(tmp_path: Path) -> None:
    found = dotnettool.find(Identity(NOBODY, NOBODY), "", {0}, environment={"PATH": str(tmp_path)}, fixed=())
    assert not found.is_installed
