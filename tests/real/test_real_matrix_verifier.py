"""Matrix, the verifier: real cores of every writer, and what time or an accident makes of them, each named rightly."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from dotnet_targets import StartTarget
from elftools.elf.elffile import ELFFile
from matrix_world import MatrixWorld

DAMAGE: dict[str, tuple[Callable[[bytes, int], bytes], str]] = {
    "empty file": (lambda good, notes: b"", "it is empty"),
    "one byte short": (lambda good, notes: good[:-1], "it was cut off: 1 byte"),
    "half of it": (lambda good, notes: good[: len(good) // 2], "it was cut off"),
    "cut in its headers": (lambda good, notes: good[:2000], "headers lie beyond"),
    "cut in its notes": (lambda good, notes: good[: notes + 100], "notes lie beyond"),
    "flipped magic": (lambda good, notes: b"\0" + good[1:], "not an ELF file"),
    "flipped kind": (lambda good, notes: good[:16] + b"\x02" + good[17:], "not a core"),
    "flipped note": (lambda good, notes: good[:notes] + b"\xff" * 12 + good[notes + 12 :], "notes do not parse"),
    "something behind it": (lambda good, notes: good + b"tail", "4 bytes more than its headers account for"),
    "text": (lambda good, notes: b"core dumped\n", "not an ELF file"),
}


def test_damaged_copies_of_a_good_dump_are_each_named(
    world: MatrixWorld, start_target: StartTarget, each_runtime: str, tmp_path: Path
) -> None:
    good = world.dump(start_target(runtime=each_runtime), "--type", "mini").path.read_bytes()
    notes_at = ELFFile(BytesIO(good)).get_segment(0)["p_offset"]
    copy = tmp_path / "copy.dmp"
    for what, (damage, words) in DAMAGE.items():
        copy.write_bytes(damage(good, notes_at))
        done = world.octotui("verify", str(copy), "--json")
        assert (done.status, done.document["whole"]) == (1, False), what
        assert words in done.document["error"]["message"], (what, done.document["error"])
        assert done.document["error"]["hint"]
    copy.write_bytes(good)
    assert world.octotui("verify", str(copy), "--json").document["portable"] is True


def test_dump_with_a_hole_where_its_end_should_be_is_not_whole(
    world: MatrixWorld, start_target: StartTarget, tmp_path: Path
) -> None:
    path = world.dump(start_target(), "--type", "full").path
    sparse = tmp_path / "sparse.dmp"
    size = path.stat().st_size
    sparse.write_bytes(path.read_bytes()[: size // 2])
    os.truncate(sparse, size)
    done = world.octotui("verify", str(sparse), "--json")
    assert done.status == 1
    assert "were never written" in done.document["error"]["message"]


@pytest.mark.skipif(shutil.which("gcore") is None, reason="gcore comes with gdb")
def test_core_of_gcore_is_whole_and_called_not_portable(world: MatrixWorld, tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        try:
            subprocess.run(["gcore", "-o", tmp_path / "core", str(sleeper.pid)], check=True, capture_output=True)
        finally:
            sleeper.kill()
    done = world.octotui("verify", f"{tmp_path}/core.{sleeper.pid}", "--json")
    assert (done.status, done.document["writer"], done.document["portable"]) == (0, "gdb gcore", False)
    assert (done.document["pid"], done.document["runtime_path"]) == (sleeper.pid, "")


def kernel_writes_cores() -> bool:
    return not Path("/proc/sys/kernel/core_pattern").read_text().startswith(("|", "/"))


@pytest.mark.skipif(not kernel_writes_cores(), reason="the kernel hands cores to another program or directory here")
def test_core_of_the_kernel_is_named_as_the_kernels(world: MatrixWorld, tmp_path: Path) -> None:
    def allow() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    with subprocess.Popen(["sleep", "600"], cwd=tmp_path, preexec_fn=allow) as sleeper:
        sleeper.send_signal(signal.SIGABRT)
    (core,) = tmp_path.glob("core*")
    done = world.octotui("verify", str(core), "--json")
    assert (done.status, done.document["writer"], done.document["portable"]) == (0, "kernel", False)
    assert done.document["pid"] == sleeper.pid
