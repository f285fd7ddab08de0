"""The store's limits and its commands with a real .NET process: refused, allowed, verified, exported, made room for."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from cli_runner import Completed

from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import StandIn
from octotui.errors import OctotuiError

pytestmark = pytest.mark.xdist_group("demo")


def test_a_full_store_refuses_a_capture_until_the_command_that_it_names_was_run(
    program: Callable[..., Completed], own_state: Path, tmp_path: Path
) -> None:
    try:
        find_runtime("8.0")
    except OctotuiError as error:
        pytest.skip(str(error))
    with StandIn.start(marker="room", ballast_mb=40) as target:
        capture = ("dump", str(target.pid), "--yes", "--json")
        tight = program(*capture, "--quota", "1MB", "--keep-free", "0")
        assert tight.status == 3
        (refused,) = tight.document["results"]
        assert (refused["outcome"], refused["error"]["code"]) == ("refused", "quota")
        assert "0 bytes of the 1.0 MB that dumps may take are used" in refused["error"]["message"]
        floor = program(*capture, "--keep-free", "100%")
        assert (floor.status, floor.document["results"][0]["error"]["code"]) == (3, "keep-free")
        assert list((own_state / "dumps").glob("*.dmp")) == [] and target.alive()

        first = program(*capture)
        assert first.status == 0, first.stdout
        (dump,) = (own_state / "dumps").glob("*.dmp")
        assert program("dumps", "verify", dump.name).status == 0
        packed = program("dumps", "export", dump.name, str(tmp_path), "--zstd", "--json").document
        assert packed["bytes"] < dump.stat().st_size
        with Path(packed["path"]).open("rb") as stream:
            assert zstandard.ZstdDecompressor().stream_reader(stream).read() == dump.read_bytes()

        quota = str(dump.stat().st_size * 3 // 2)
        full = program(*capture, "--quota", quota)
        error = full.document["results"][0]["error"]
        assert (full.status, error["code"]) == (3, "quota")
        assert dump.name in error["message"]
        assert error["hint"] == f"octotui dumps remove --yes {dump.name}"
        assert dump.exists()
        assert program(*shlex.split(error["hint"])[1:]).status == 0
        assert program(*capture, "--quota", quota).status == 0
        assert target.alive()
