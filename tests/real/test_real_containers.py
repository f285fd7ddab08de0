"""Targets in containers: found through their root, dumped where they can write, fetched without following links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from container_world import ALL, MOUNTS, PRIVATE_TMP, PRIVATE_TMPDIR, SUBORDINATE, Contained, contained, own_root
from dotnet_targets import StartTarget, needs_root
from matrix_world import MatrixWorld

from octotui.cli import capture

pytestmark = needs_root

LONG = f"/{'t' * 55}"
"""In the container the socket's address has less than 108 bytes in it; with the way into the container it has more."""

CONTAINERS: dict[str, tuple[tuple[str, ...], str, int | None, dict[str, str]]] = {
    "user, pid and mount namespace": (ALL, "true", SUBORDINATE, {}),
    "all namespaces and a private TMPDIR": (ALL, PRIVATE_TMPDIR, SUBORDINATE, {}),
    "private TMPDIR, pids of the host": (MOUNTS, PRIVATE_TMPDIR, None, {}),
    "private /tmp, pids of the host": (MOUNTS, PRIVATE_TMP, None, {"TMPDIR": ""}),
    "own root with its own TMPDIR": (
        MOUNTS, own_root('mkdir -m 1777 "$root/own tmp"'), None, {"TMPDIR": "/own tmp"},
    ),
    "own root in all namespaces": (
        ALL, own_root(), SUBORDINATE, {"TMPDIR": ""},
    ),
    "own root whose /tmp is a link": (
        MOUNTS, own_root('ln -s /var/tmp "$root/tmp"', temporary="var/tmp"), None, {"TMPDIR": ""},
    ),
    "own root with a TMPDIR as long as its address may be": (
        MOUNTS, own_root(f'mkdir -m 1777 "$root{LONG}"'), None, {"TMPDIR": LONG},
    ),
    "read-only root, only /dev/shm to write to": (
        MOUNTS,
        own_root('mount -t tmpfs none "$root/dev/shm"; mount -o remount,ro,bind "$root"'),
        None,
        {"TMPDIR": "/dev/shm"},
    ),
}  # fmt: skip


def start(start_target: StartTarget, name: str) -> Contained:
    unshare, script, uid, env = CONTAINERS[name]
    return contained(start_target, unshare, script, uid, **env)


@pytest.mark.parametrize("name", list(CONTAINERS))
def test_target_in_a_container_is_captured_by_itself_and_its_dump_fetched(
    world: MatrixWorld, start_target: StartTarget, name: str
) -> None:
    target = start(start_target, name)
    facts = target.facts
    assert (facts.same_mounts, facts.uid) == (False, CONTAINERS[name][2] or 0)
    assert facts.socket is not None, facts.socket_problem
    assert facts.socket.path.startswith(f"/proc/{target.pid}/root/")
    assert f"dotnet-diagnostic-{facts.namespace_pid}-{target.key.started}-socket" in facts.socket.path
    assert facts.same_pids is (CONTAINERS[name][0] is MOUNTS)
    done = world.dump(target, "--type", "mini")
    assert (done.status, done.result["backend"]) == (0, "ipc"), done
    assert done.path.parent == world.store.directory


@pytest.mark.parametrize("name", ["user, pid and mount namespace", "own root with its own TMPDIR"])
def test_createdump_is_not_lifted_out_of_a_container(world: MatrixWorld, start_target: StartTarget, name: str) -> None:
    done = world.dump(start(start_target, name), "--type", "mini", "--backend", "createdump")
    assert (done.status, done.code) == (3, "no-backend")
    assert "container" in done.words


def test_container_in_which_nothing_can_be_written_is_refused_with_the_reason(
    world: MatrixWorld, start_target: StartTarget
) -> None:
    script = own_root('mount -o remount,ro,bind "$root"')
    target = contained(start_target, MOUNTS, script, TMPDIR="")
    done = world.dump(target, "--type", "mini")
    assert (done.status, done.code) == (3, "no-backend")
    assert "there is no diagnostics socket of this process in" in done.words
    assert done.hint


def test_temp_directory_that_became_a_link_leads_nowhere(
    world: MatrixWorld, start_target: StartTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = contained(start_target, MOUNTS, own_root('mkdir -m 1777 "$root/t"'), TMPDIR="/t")
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o777)
    original = capture._captured

    async def swapped(*arguments: Any) -> int:
        target.inside("/t").rename(target.inside("/aside"))
        target.inside("/t").symlink_to(victim)
        return await original(*arguments)

    monkeypatch.setattr(capture, "_captured", swapped)
    before = target.facts.socket
    done = world.octotui("dump", str(target.pid), "--type", "mini", "--yes", "--json")
    target.inside("/t").unlink()
    target.inside("/aside").rename(target.inside("/t"))
    (result,) = done.document["results"]
    assert done.status in (1, 3)
    assert result["outcome"] in ("failed", "refused")
    assert list(victim.iterdir()) == []
    assert target.facts.socket == before
    monkeypatch.setattr(capture, "_captured", original)
    assert world.dump(target, "--type", "mini").status == 0


@pytest.mark.parametrize("uid", [None, SUBORDINATE])
def test_link_in_the_place_of_the_dump_is_not_followed(
    world: MatrixWorld, start_target: StartTarget, tmp_path: Path, uid: int | None
) -> None:
    target = contained(start_target, MOUNTS if uid is None else ALL, "true", uid)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    temporary = target.inside(target.facts.temp_directory)

    def staged() -> list[Path]:
        return [found for found in temporary.glob(".octotui-*/dump") if found.stat().st_size > 0]

    def plant() -> None:
        (dump,) = staged()
        dump.rename(dump.with_name("moved"))
        dump.symlink_to(victim)

    done = world.dump(target, "--type", "full", meanwhile=plant, when=lambda: bool(staged()))
    assert (done.outcome, done.code) == ("failed", "tampered")
    assert "is not a plain file of the target's user" in done.words
    assert victim.read_text() == "precious"
