"""What processes mean, worked out from changes alone, is what it would be worked out from nothing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from octopus_world import GUID, KEY_HEX, TICKET, TREE, StandInFiles, interpreter, process, snapshot

from octotui.octopus.meaning import OctopusInterpreter
from octotui.processes.model import Changes, ProcessInfo, ProcessKey, Snapshot
from octotui.processes.sampler import changes_between

_SHAPES: tuple[tuple[list[str], str], ...] = (
    (["sleep", "60"], "/usr/bin/sleep"),
    (["/bin/bash", f"/etc/octopus/Work/{TICKET}/Bootstrap.sh"], "/usr/bin/bash"),
    (["bash", f"Bootstrap.{GUID}.Script.sh", KEY_HEX], "/usr/bin/bash"),
    (["/etc/octopus/Tools/Calamari.linux-x64/2026.4.55/Calamari", "run-script"], "/opt/Calamari"),
    (["/opt/octopus/tentacle/Tentacle", "run", "--instance=Two"], "/opt/octopus/tentacle/Tentacle"),
    (["sshd: deploy@notty"], "/usr/sbin/sshd"),
    (["bash"], "/usr/bin/bash"),
    (["kubectl", "get", "pods"], "/usr/bin/kubectl"),
    (["sudo", "/opt/Calamari", "clean"], "/usr/bin/sudo"),
)


def some_process(dice: random.Random, pid: int, alive: list[ProcessInfo]) -> ProcessInfo:
    argv, executable = dice.choice(_SHAPES)
    parent = dice.choice(alive).pid if alive and dice.random() < 0.8 else 1
    cgroup = dice.choice(["", "/system.slice/Tentacle.service"])
    cwd = dice.choice(["/", f"/etc/octopus/Work/{TICKET}"])
    return process(pid, argv, parent=parent, executable=executable, cgroup=cgroup, cwd=cwd)


def changed(dice: random.Random, info: ProcessInfo, pid: int, alive: list[ProcessInfo]) -> ProcessInfo:
    """The same process after an exec, an adoption, or nothing but some work."""
    other = some_process(dice, pid, alive)
    match dice.randrange(3):
        case 0:
            return replace(info, argv=other.argv, executable=other.executable, name=other.name)
        case 1:
            return replace(info, parent_pid=1)
    return replace(info, cpu_seconds=info.cpu_seconds + 1)


@pytest.mark.parametrize("seed", range(40))
def test_a_host_that_changes_step_by_step_means_what_it_means_at_first_sight(seed: int) -> None:
    dice = random.Random(seed)
    followed = interpreter(own_pid=130)
    alive = list(TREE)
    before: Snapshot | None = None
    for step in range(25):
        for _ in range(dice.randrange(4)):
            if alive and dice.random() < 0.3:
                alive.remove(dice.choice(alive))
            elif alive and dice.random() < 0.4:
                index = dice.randrange(len(alive))
                alive[index] = changed(dice, alive[index], 1000 + step, alive)
            else:
                alive.append(some_process(dice, 1000 + step * 10 + len(alive), alive))
        now = snapshot(*alive, monotonic=100.0 + step)
        if before is not None:
            now = replace(now, changes=changes_between(before, now))
        assert dict(followed(now)) == dict(interpreter(own_pid=130)(snapshot(*alive, monotonic=100.0 + step)))
        before = now


def test_a_calamari_that_came_and_went_between_two_snapshots_has_its_meaning_once() -> None:
    interpret = interpreter()
    first = snapshot(*TREE[:-2])
    interpret(first)
    gone = TREE[-2]
    second = replace(snapshot(*TREE[:-2]), passed=(gone,), changes=Changes(first.number))
    assert interpret(second)[gone.key].role == "calamari"
    third = replace(snapshot(*TREE[:-2]), changes=Changes(second.number))
    assert gone.key not in interpret(third)


def test_changes_of_a_snapshot_that_was_missed_are_not_relied_on() -> None:
    interpret = interpreter()
    interpret(snapshot(*TREE[:-2]))
    missed = snapshot(*TREE[:-1])
    third = replace(snapshot(*TREE), changes=Changes(missed.number, frozenset((TREE[-1].key,))))
    assert {key.pid for key in interpret(third)} == {info.pid for info in TREE}


def test_a_stranger_that_is_just_born_is_not_asked_for_its_runtime() -> None:
    asked: list[ProcessKey] = []
    interpret = OctopusInterpreter(
        files=StandInFiles(), own_pid=0, is_dotnet=lambda info: asked.append(info.key) is not None
    )
    newborn = process(200, ["sleep", "1"], started=359_950)
    child = process(201, ["dotnet", "x.dll"], parent=120, started=359_950)
    found = interpret(snapshot(*TREE, newborn, child))
    assert newborn.key not in asked
    assert {info.key for info in TREE} <= set(asked)
    assert found[child.key].role == "user-command"
    interpret(replace(snapshot(*TREE, newborn, child), uptime_seconds=3601.0))
    assert {newborn.key, child.key} <= set(asked)


def test_strangers_are_not_asked_for_their_runtime_while_only_octopus_is_watched() -> None:
    asked: list[ProcessKey] = []
    interpret = OctopusInterpreter(
        files=StandInFiles(), own_pid=0, is_dotnet=lambda info: asked.append(info.key) is not None
    )
    stranger = process(200, ["dotnet", "shop.dll"])
    selective = replace(snapshot(*TREE, stranger), fresh=frozenset({TREE[2].key}))
    found = interpret(selective)
    assert stranger.key not in asked and TREE[4].key in asked
    assert found[stranger.key].dotnet is None
    assert interpret(snapshot(*TREE, stranger)) and stranger.key in asked
