"""Which socket is the process's own, and why there is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octotui.dotnet.kernel import parse_environment, parse_status
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.sockets import dotnet_pids, find_socket, socket_name, switched_off_by, temp_directory
from octotui.processes.model import ProcessKey

KEY = ProcessKey(812, 4711)
MakeSocket = Callable[[Path], Path]


def find(directory: Path, *, uid: int | None = None, pid: int = 812, **environment: str) -> tuple[str, str]:
    variables = {"TMPDIR": str(directory), **environment}
    socket, problem = find_socket(
        KEY,
        uid=os.geteuid() if uid is None else uid,
        namespace_pid=pid,
        same_root=True,
        environment={name.encode(): value.encode() for name, value in variables.items()},
    )
    return socket.path if socket else "", problem


def test_the_socket_in_the_targets_temp_directory_is_found(short_directory: Path, make_socket: MakeSocket) -> None:
    path = make_socket(short_directory / "dotnet-diagnostic-812-4711-socket")

    assert find(short_directory) == (str(path), "")


def test_the_pid_of_the_innermost_namespace_is_in_the_name(short_directory: Path, make_socket: MakeSocket) -> None:
    path = make_socket(short_directory / "dotnet-diagnostic-7-4711-socket")

    assert find(short_directory, pid=7) == (str(path), "")


def test_a_socket_of_another_start_is_a_leftover(short_directory: Path, make_socket: MakeSocket) -> None:
    make_socket(short_directory / "dotnet-diagnostic-812-4000-socket")

    path, problem = find(short_directory)

    assert path == ""
    assert "leftover of an earlier process with this pid" in problem


def test_a_socket_of_another_owner_is_not_taken(short_directory: Path, make_socket: MakeSocket) -> None:
    make_socket(short_directory / "dotnet-diagnostic-812-4711-socket")

    path, problem = find(short_directory, uid=12345)

    assert path == ""
    assert f"owned by uid {os.geteuid()}, the process runs as uid 12345" in problem


def test_a_file_with_the_sockets_name_is_not_a_socket(short_directory: Path) -> None:
    (short_directory / "dotnet-diagnostic-812-4711-socket").write_text("")

    assert find(short_directory)[1].endswith("is not a socket")


def test_a_link_to_a_socket_is_not_followed(short_directory: Path, make_socket: MakeSocket) -> None:
    make_socket(short_directory / "real")
    (short_directory / "dotnet-diagnostic-812-4711-socket").symlink_to("real")

    assert find(short_directory)[1].endswith("is not a socket")


def test_an_empty_temp_directory_is_named_with_the_fall_back(short_directory: Path) -> None:
    assert find(short_directory)[1] == f"there is no diagnostics socket of this process in {short_directory} or /tmp"


def test_a_temp_directory_that_is_gone_is_no_error(short_directory: Path) -> None:
    assert "no diagnostics socket" in find(short_directory / "absent")[1]


@pytest.mark.parametrize(
    "variable",
    [
        "DOTNET_EnableDiagnostics=0",
        "COMPlus_EnableDiagnostics=0",
        "DOTNET_EnableDiagnostics_IPC=0",
        "DOTNET_EnableDiagnostics=0x0",
    ],
)
def test_the_variable_that_switches_diagnostics_off_is_named(short_directory: Path, variable: str) -> None:
    name, _, value = variable.partition("=")

    assert f"switched off in this process by {variable}" in find(short_directory, **{name: value})[1]


def test_the_newer_prefix_of_a_variable_wins() -> None:
    both = {b"DOTNET_EnableDiagnostics": b"1", b"COMPlus_EnableDiagnostics": b"0"}

    assert switched_off_by(both) == ""
    assert switched_off_by({b"DOTNET_EnableDiagnostics": b"no"}) == ""


def test_a_relative_temp_directory_counts_from_the_working_directory() -> None:
    assert temp_directory({b"TMPDIR": b"run/tmp/"}, "/srv/app") == "/srv/app/run/tmp"
    assert temp_directory({b"TMPDIR": b""}, "/srv") == temp_directory({}, "/srv") == "/tmp"


def test_another_root_is_searched_through_the_process(
    tmp_path: Path, short_directory: Path, make_socket: MakeSocket
) -> None:
    (short_directory / "tmp").mkdir()
    make_socket(short_directory / "tmp" / socket_name(1, 4711))
    (tmp_path / "812").mkdir()
    (tmp_path / "812" / "root").symlink_to(short_directory)

    socket, _ = find_socket(KEY, uid=os.geteuid(), namespace_pid=1, same_root=False, environment={}, proc=tmp_path)

    assert socket == DiagnosticsSocket(f"{tmp_path}/812/root/tmp/{socket_name(1, 4711)}", 812, os.geteuid())


def test_pids_are_read_from_names_and_other_names_are_passed_over(short_directory: Path) -> None:
    for name in (
        "dotnet-diagnostic-7-100-socket",
        "dotnet-diagnostic-7-90-socket",
        "dotnet-diagnostic-8-5-socket",
        "dotnet-diagnostic-x-5-socket",
        "dotnet-diagnostic-9-5-socket.bak",
        "clr-debug-pipe-10-5-in",
    ):
        (short_directory / name).write_text("")

    assert dotnet_pids(short_directory) == {7: 100, 8: 5}
    assert dotnet_pids(short_directory / "absent") == {}


@given(st.binary(max_size=300))
def test_no_environment_or_status_breaks_the_parsers(raw: bytes) -> None:
    environment = parse_environment(raw)
    parse_status(raw)

    assert temp_directory(environment).startswith("/")
    assert switched_off_by(environment).isprintable()
