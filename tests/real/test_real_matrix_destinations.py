"""Matrix, the destinations: closed, absent, full, planted with links and files."""

from __future__ import annotations

import asyncio
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dotnet_targets import NOBODY, StartTarget, needs_root
from matrix_world import MatrixWorld

from octotui.cli import capture


def resize(disk: Path, megabytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(disk)], check=True)


BACKENDS = pytest.mark.parametrize("backend", ["ipc", "createdump"])


@needs_root
@BACKENDS
def test_directory_that_the_targets_user_cannot_enter_gets_the_dump_all_the_same(
    world: MatrixWorld, start_target: StartTarget, tmp_path: Path, backend: str
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    target = start_target(uid=NOBODY)
    done = world.dump(target, "--type", "mini", "--backend", backend, "--output", str(closed))
    assert done.path.parent == closed


@BACKENDS
def test_directory_that_is_not_there_is_made_for_nobody_but_its_maker(
    world: MatrixWorld, start_target: StartTarget, tmp_path: Path, backend: str
) -> None:
    absent = tmp_path / "not" / "there"
    done = world.dump(start_target(), "--type", "mini", "--backend", backend, "--output", str(absent))
    assert done.path.parent == absent
    assert stat.S_IMODE(absent.stat().st_mode) == 0o700


@needs_root
def test_user_who_can_write_nowhere_is_named_with_what_to_make(world: MatrixWorld, start_target: StartTarget) -> None:
    target = start_target(uid=NOBODY)
    target.tmpdir.chmod(0o500)
    for backend in ("auto", "ipc", "createdump"):
        done = world.dump(target, "--backend", backend)
        assert (done.status, done.code) == (3, "no-staging")
        assert done.words.startswith(f"there is no directory that uid {NOBODY} can write a dump to safely")
        assert f"install -d -m 700 -o {NOBODY} DIR" in done.hint
    target.tmpdir.chmod(0o700)


def test_output_that_is_no_place_for_a_secret_is_refused_by_name(
    world: MatrixWorld, start_target: StartTarget, tmp_path: Path
) -> None:
    target = start_target()
    file, link, open_to_all = tmp_path / "file", tmp_path / "link", tmp_path / "open"
    file.write_text("mine")
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    link.symlink_to(tmp_path)
    for place, words in ((file, "is not a directory"), (link, "is a symbolic link"), (open_to_all, "others can")):
        done = world.octotui("dump", str(target.pid), "--yes", "--json", "--output", str(place))
        assert (done.status, done.document["error"]["code"]) == (3, "destination")
        assert words in done.document["error"]["message"]
        assert done.document["error"]["hint"]
    assert file.read_text() == "mine"
    assert list(open_to_all.iterdir()) == []
    assert world.dump(target, "--type", "mini").status == 0


@needs_root
def test_file_system_that_is_read_only_is_refused_before_the_target_is_touched(
    world: MatrixWorld, start_target: StartTarget, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    target = start_target()
    done = world.octotui("dump", str(target.pid), "--yes", "--json", "--output", str(small_disk))
    assert (done.status, done.document["error"]["code"]) == (3, "destination")
    assert done.document["error"]["message"] == f"you may not write to {small_disk}"


@needs_root
def test_disk_too_small_for_the_forecast_is_refused_before_the_target_is_touched(
    world: MatrixWorld, start_target: StartTarget, small_disk: Path
) -> None:
    done = world.dump(start_target(), "--output", str(small_disk))
    assert (done.status, done.code) == (3, "no-space")
    assert f"{small_disk} has 25 MB free" in done.words
    assert "--type mini" in done.hint
    assert list(small_disk.iterdir()) == []


@needs_root
@BACKENDS
def test_disk_that_fills_up_all_the_same_fails_the_capture_and_harms_nobody(
    world: MatrixWorld,
    start_target: StartTarget,
    small_disk: Path,
    each_runtime: str,
    backend: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resize(small_disk, 900)
    original = capture._captured

    async def on_a_disk_that_filled_up(*arguments: Any) -> int:
        await asyncio.to_thread(resize, small_disk, 24)
        return await original(*arguments)

    monkeypatch.setattr(capture, "_captured", on_a_disk_that_filled_up)
    target = start_target(runtime=each_runtime)
    done = world.dump(target, "--backend", backend, "--output", str(small_disk))
    assert (done.status, done.outcome) == (1, "failed")
    if each_runtime == "8.0":
        assert done.code == "disk-full"
        assert "No space left on device" in done.words
        assert "--output DIR" in done.hint
    assert list(small_disk.iterdir()) == []


@BACKENDS
def test_planted_link_is_not_followed_and_planted_file_not_reused(
    world: MatrixWorld, start_target: StartTarget, tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, victim = tmp_path / "output", tmp_path / "victim"
    output.mkdir(mode=0o700)
    victim.write_text("precious")
    (output / "known.dmp").symlink_to(victim)
    (output / "known-2.dmp").write_text("another's")
    (output / "known-2.dmp").chmod(0o666)
    (output / "known-3.dmp").symlink_to(output / "nowhere")
    monkeypatch.setattr("octotui.dumps.captures.workplace.dump_name", lambda target, moment: "known.dmp")
    done = world.dump(start_target(), "--type", "mini", "--backend", backend, "--output", str(output))
    assert done.path == output / "known-4.dmp"
    assert victim.read_text() == "precious"
    assert (output / "known-2.dmp").read_text() == "another's"
    assert not (output / "nowhere").exists()
