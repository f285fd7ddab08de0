"""The facts of a process, from a `/proc` in which everything can be arranged."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from octotui.dotnet import kernel, maps
from octotui.dotnet.model import RuntimeKind
from octotui.dotnet.runtime import inspect, is_dotnet
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey

if TYPE_CHECKING:
    from conftest import FakeProc


def mapped(path: str | Path) -> bytes:
    return b"7f0000001000-7f0000003000 r-xp 00000000 fe:00 99   " + os.fsencode(path) + b"\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory that looks like the one of a shared runtime."""
    path = tmp_path / "share d" / "Microsoft.NETCore.App" / "9.0.1-preview.2"
    path.mkdir(parents=True)
    for name in ("createdump", "libmscordaccore.so", "libcoreclr.so"):
        (path / name).write_bytes(b"")
    (path / "createdump").chmod(0o755)
    return path


def test_a_shared_runtime_names_its_version_and_createdump(fake_proc: FakeProc, directory: Path) -> None:
    (directory / "libmscordaccore.so").chmod(0o666)
    key = fake_proc.add(maps=mapped(directory / "libcoreclr.so"))

    facts = inspect(key, proc=fake_proc.root)

    assert facts.kind is RuntimeKind.CORECLR
    assert facts.version == "9.0.1-preview.2"
    assert facts.runtime_directory == str(directory)
    assert facts.createdump is not None
    assert facts.createdump.path == str(directory / "createdump")
    assert facts.createdump.untrusted
    assert facts.mapped_bytes == 0x2000


def test_a_self_contained_program_tells_its_version_in_its_dependencies(fake_proc: FakeProc, tmp_path: Path) -> None:
    (tmp_path / "Tentacle.deps.json").write_text(
        '{"libraries": {"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.11": {}}}'
    )
    key = fake_proc.add(maps=mapped(tmp_path / "libcoreclr.so"), executable=str(tmp_path / "Tentacle"))

    assert inspect(key, proc=fake_proc.root).version == "8.0.11"


def test_a_pipe_in_place_of_the_dependencies_is_not_waited_for(fake_proc: FakeProc, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Tentacle.deps.json")
    key = fake_proc.add(maps=mapped(tmp_path / "libcoreclr.so"), executable=str(tmp_path / "Tentacle"))

    assert inspect(key, proc=fake_proc.root).version == ""


def test_a_link_in_place_of_the_dependencies_is_not_followed(fake_proc: FakeProc, tmp_path: Path) -> None:
    (tmp_path / "real").write_text('"Microsoft.NETCore.App.Runtime.linux-x64/8.0.11"')
    (tmp_path / "Tentacle.deps.json").symlink_to("real")
    key = fake_proc.add(maps=mapped(tmp_path / "libcoreclr.so"), executable=str(tmp_path / "Tentacle"))

    assert inspect(key, proc=fake_proc.root).version == ""


def test_a_runtime_removed_from_disk_has_no_createdump_to_run(fake_proc: FakeProc, tmp_path: Path) -> None:
    key = fake_proc.add(maps=mapped(f"{tmp_path}/gone/libcoreclr.so (deleted)"))

    tool = inspect(key, proc=fake_proc.root).createdump

    assert tool is not None
    assert not tool.is_runnable
    assert tool.problem == f"there is no {tmp_path}/gone/createdump"


def test_a_socket_without_a_runtime_library_is_a_single_file_program(
    fake_proc: FakeProc, short_directory: Path, make_socket: Callable[[Path], Path]
) -> None:
    key = fake_proc.add(maps=mapped("/opt/app"), environ=b"TMPDIR=" + os.fsencode(short_directory) + b"\0")
    make_socket(short_directory / f"dotnet-diagnostic-{key.pid}-{key.started}-socket")

    facts = inspect(key, proc=fake_proc.root)

    assert facts.kind is RuntimeKind.SINGLE_FILE
    assert facts.createdump is None
    assert is_dotnet(key.pid, proc=fake_proc.root) is True


def test_ids_tracer_and_sizes_come_from_the_status(fake_proc: FakeProc) -> None:
    fake_proc.add(pid=99, name="gdb\x1b[2J")
    key = fake_proc.add(uid=1000, gid=1001, groups="4 24 ", tracer=99, state="t", inner=7, threads=3)

    facts = inspect(key, proc=fake_proc.root)

    assert (facts.uid, facts.gid, facts.groups) == (1000, 1001, (4, 24))
    assert (facts.state, facts.tracer_pid, facts.tracer_name) == ("t", 99, "gdb␛[2J")
    assert (facts.namespace_pid, facts.same_pids, facts.threads) == (7, False, 3)
    assert facts.resident_bytes == 2 << 20
    assert facts.private_bytes == 1088 << 10
    assert facts.kind is RuntimeKind.NONE


def test_a_runtime_in_another_mount_namespace_is_reached_through_it_and_not_trusted(
    fake_proc: FakeProc, tmp_path: Path
) -> None:
    root = tmp_path / "container"
    (root / "net").mkdir(parents=True)
    (root / "net" / "createdump").write_bytes(b"")
    (root / "net" / "createdump").chmod(0o755)
    key = fake_proc.add(
        maps=mapped("/net/libcoreclr.so"), mount_namespace="mnt:[2]", root=root, capabilities="000001ffffffffff"
    )

    facts = inspect(key, proc=fake_proc.root)

    assert not facts.same_mounts
    assert facts.createdump is not None
    assert facts.createdump.path == "/net/createdump"
    assert facts.createdump.reachable == f"{fake_proc.root}/812/root/net/createdump"
    assert facts.createdump.is_runnable
    assert facts.createdump.untrusted == f"{fake_proc.root}/812/root"


def test_a_chroot_in_the_same_mount_namespace_counts_as_another_root(fake_proc: FakeProc, tmp_path: Path) -> None:
    key = fake_proc.add(maps=mapped("/net/libcoreclr.so"), root=tmp_path)

    assert not inspect(key, proc=fake_proc.root).same_mounts


def test_a_map_that_may_not_be_read_makes_the_kind_unknown(
    fake_proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = fake_proc.add(uid=0)
    _deny(monkeypatch, "maps")

    facts = inspect(key, proc=fake_proc.root)

    assert facts.kind is RuntimeKind.UNKNOWN
    assert "maps of process 812 cannot be read" in facts.unreadable
    assert facts.uid == 0
    assert is_dotnet(key.pid, proc=fake_proc.root) is None


def test_a_process_that_ends_while_it_is_read_is_gone(fake_proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
    key = fake_proc.add(maps=mapped("/net/libcoreclr.so"))
    whole = maps.parse_maps

    def replaced_meanwhile(raw: bytes) -> object:
        stat = fake_proc.root / "812" / "stat"
        stat.write_text(stat.read_text().replace("4711", "9999"))
        return whole(raw)

    monkeypatch.setattr(maps, "parse_maps", replaced_meanwhile)

    with pytest.raises(ProcessGone, match="another process"):
        inspect(key, proc=fake_proc.root)


def test_a_process_that_never_was_is_gone(fake_proc: FakeProc) -> None:
    with pytest.raises(ProcessGone, match="process 5 has ended"):
        inspect(ProcessKey(5, 1), proc=fake_proc.root)
    assert is_dotnet(5, proc=fake_proc.root) is False


def test_a_name_with_a_parenthesis_does_not_shift_the_fields(fake_proc: FakeProc) -> None:
    key = fake_proc.add(name="a) S 1 2 (b", state="Z")

    assert inspect(key, proc=fake_proc.root).state == "Z"


def _deny(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = kernel.read_bounded

    def read(path: Path, limit: int = kernel.LARGEST) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return real(path, limit)

    monkeypatch.setattr(kernel, "read_bounded", read)
    monkeypatch.setattr(maps, "read_bounded", read)
