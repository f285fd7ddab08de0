"""The reader of /proc when only some processes are watched and the kernel tells of the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from fakeproc import FakeProc
from scripted_events import ScriptedEvents

from octotui.errors import AccessDenied
from octotui.processes.hearing import Hearing
from octotui.processes.model import ProcessKey, Sample, Snapshot
from octotui.processes.newest import MOST_CANDIDATES
from octotui.processes.procfs import LISTING_SECONDS, POLLED_LISTING_SECONDS, ProcfsSource
from octotui.processes.sampler import Sampler

TICKS = os.sysconf("SC_CLK_TCK")
OLD = 100
TENTACLE, STRANGER = ProcessKey(812, OLD), ProcessKey(4000, OLD)


def plain(argv: Sequence[str]) -> tuple[str, ...]:
    return tuple(argv)


@dataclass
class Scene:
    """A Tentacle and a stranger on a host whose kernel tells of starts and ends. `clock` is in seconds."""

    proc: FakeProc
    events: ScriptedEvents
    hearing: Hearing
    clock: float = 1000.0
    source: ProcfsSource = field(init=False)

    def __post_init__(self) -> None:
        self.proc.add(812, (b"Tentacle", b"run"), name=b"Tentacle")
        self.proc.add(4000, (b"nginx",), name=b"nginx")
        self.source = ProcfsSource(plain, self.proc.root, hearing=self.hearing, clock=lambda: self.clock)

    def read(self, *watched: ProcessKey) -> Snapshot:
        self.clock += 2.0
        return self.source.read(frozenset(watched))


@pytest.fixture
def scene(fake_proc: FakeProc) -> Iterator[Scene]:
    events = ScriptedEvents()
    scene = Scene(fake_proc, events, Hearing(lambda: events))
    yield scene
    scene.source.close()
    assert events.is_closed


def followed(scene: Scene) -> Snapshot:
    """The state after the first scan, and the one that begins to listen."""
    scene.read()
    return scene.read(TENTACLE)


def test_only_the_watched_get_new_figures_and_the_rest_stand_as_they_were(scene: Scene) -> None:
    followed(scene)
    scene.proc.add(812, (b"Tentacle", b"run"), name=b"Tentacle", user_ticks=3 * TICKS)
    scene.proc.add(4000, (b"nginx",), name=b"nginx", user_ticks=9 * TICKS)
    taken = scene.read(TENTACLE)
    assert taken.fresh == {TENTACLE}
    assert taken.processes[TENTACLE].cpu_seconds == 3.0
    assert taken.processes[STRANGER].cpu_seconds == 0.0
    assert scene.source.read(None).processes[STRANGER].cpu_seconds == 9.0


def test_a_watched_process_has_its_rate_and_a_stranger_none_until_it_was_read_twice(scene: Scene) -> None:
    sampler = Sampler()
    sampler.advance(scene.read())
    sampler.advance(scene.read(TENTACLE))
    scene.proc.add(812, (b"Tentacle", b"run"), name=b"Tentacle", user_ticks=TICKS)
    scene.proc.add(4000, (b"nginx",), name=b"nginx", user_ticks=900 * TICKS)
    rates: list[Sample] = [sampler.advance(scene.read(TENTACLE)), sampler.advance(scene.read(TENTACLE, STRANGER))]
    scene.proc.add(4000, (b"nginx",), name=b"nginx", user_ticks=901 * TICKS)
    rates.append(sampler.advance(scene.read(TENTACLE, STRANGER)))
    assert [found.cpu_percent.get(TENTACLE) for found in rates] == [50.0, 0.0, 0.0]
    assert [found.cpu_percent.get(STRANGER) for found in rates] == [None, None, 50.0]


def test_a_process_that_started_is_known_by_its_event_without_a_list_of_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed(scene)
    monkeypatch.setattr(os, "listdir", lambda directory: pytest.fail("the whole table was listed"))
    scene.proc.add(14220, (b"Calamari", b"run-script"), name=b"Calamari", parent=812)
    scene.events.fork(14220, 812)
    taken = scene.read(TENTACLE)
    assert taken.find(14220) is not None
    assert taken.changes is not None and taken.changes.arrived == {ProcessKey(14220, OLD)}


def test_a_process_that_ended_is_gone_with_its_event(scene: Scene) -> None:
    followed(scene)
    scene.proc.remove(4000)
    scene.events.exit(4000)
    taken = scene.read(TENTACLE)
    assert taken.find(4000) is None
    assert taken.changes is not None and taken.changes.exited == {STRANGER}


def test_a_stranger_that_becomes_calamari_by_exec_is_read_anew(scene: Scene) -> None:
    followed(scene)
    scene.proc.add(4000, (b"Calamari", b"run-script"), name=b"nginx", stack=0)
    assert scene.read(TENTACLE).processes[STRANGER].argv == ("nginx",)
    scene.events.exec(4000)
    taken = scene.read(TENTACLE)
    assert taken.processes[STRANGER].argv == ("Calamari", "run-script")
    assert taken.changes is not None and taken.changes.changed == {STRANGER}


def test_a_child_whose_parent_ended_has_its_new_parent(scene: Scene) -> None:
    scene.proc.add(4001, (b"sh",), parent=4000)
    followed(scene)
    scene.proc.remove(4000)
    scene.proc.add(4001, (b"sh",), parent=1)
    scene.events.exit(4000)
    found = scene.read(TENTACLE).find(4001)
    assert found is not None and found.parent_pid == 1


def test_a_zombie_is_looked_at_until_it_is_reaped_though_no_event_tells_of_that(scene: Scene) -> None:
    followed(scene)
    scene.proc.add(4000, (), name=b"nginx", state="Z")
    scene.events.exit(4000)
    taken = scene.read(TENTACLE)
    assert taken.processes[STRANGER].state == "Z"
    assert taken.processes[STRANGER].argv == ("nginx",)
    scene.proc.remove(4000)
    assert scene.read(TENTACLE).find(4000) is None


def test_a_pid_that_was_reused_between_two_looks_is_one_that_ended_and_one_that_came(scene: Scene) -> None:
    followed(scene)
    scene.proc.remove(4000)
    scene.proc.add(4000, (b"sleep",), name=b"sleep", started=OLD + 7)
    scene.events.exit(4000)
    scene.events.fork(4000)
    taken = scene.read(TENTACLE)
    assert taken.changes is not None
    assert taken.changes.exited == {STRANGER}
    assert taken.changes.arrived == {ProcessKey(4000, OLD + 7)}


def test_calamari_that_lives_between_two_scans_is_a_ghost_with_its_command_line(scene: Scene) -> None:
    sampler = Sampler()
    sampler.advance(scene.read())
    sampler.advance(scene.read(TENTACLE))
    scene.proc.add(14220, (b"Calamari", b"find-package"), name=b"Calamari", parent=812)
    scene.events.fork(14220, 812)
    scene.events.exec(14220)
    heard = scene.source.listen()
    assert [process.argv for process in heard] == [("Calamari", "find-package")]
    scene.proc.remove(14220)
    scene.events.exit(14220)
    taken = sampler.advance(scene.read(TENTACLE))
    assert ProcessKey(14220, OLD) not in taken.snapshot.processes
    assert taken.ghosts[ProcessKey(14220, OLD)].process.argv == ("Calamari", "find-package")
    assert not taken.arrived


def test_the_end_of_a_known_process_is_heard_at_once(scene: Scene) -> None:
    followed(scene)
    scene.proc.remove(4000)
    scene.events.exit(4000)
    assert [process.key for process in scene.source.listen()] == [STRANGER]
    assert scene.source.listen() == ()


def test_a_flood_of_forks_that_end_at_once_is_not_read_at_all(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    followed(scene)
    for pid in range(20_000, 24_000):
        scene.events.fork(pid)
        scene.events.exit(pid)
    opened: list[object] = []
    really_open = os.open
    monkeypatch.setattr(os, "open", lambda *args, **more: opened.append(args[0]) or really_open(*args, **more))
    scene.read(TENTACLE)
    assert not any(str(name).startswith(("20", "21", "22", "23")) for name in opened)


@pytest.mark.parametrize("is_selective", [True, False])
def test_a_loss_of_events_is_made_good_by_a_list_of_all(scene: Scene, is_selective: bool) -> None:
    followed(scene)
    scene.proc.remove(4000)
    scene.proc.add(14220, (b"Calamari",), name=b"Calamari", parent=812)
    watched = frozenset({TENTACLE}) if is_selective else None
    assert scene.source.read(watched).find(14220) is None
    scene.events.is_broken = True
    taken = scene.source.read(watched)
    assert taken.find(14220) is not None and taken.find(4000) is None
    scene.proc.add(14221, (b"Calamari",), name=b"Calamari", parent=812)
    assert scene.source.read(watched).find(14221) is None


def test_a_process_that_no_event_told_of_is_found_by_the_next_list(scene: Scene) -> None:
    followed(scene)
    scene.proc.add(14220, (b"Calamari",), name=b"Calamari", parent=812)
    assert scene.read(TENTACLE).find(14220) is None
    scene.clock += LISTING_SECONDS
    assert scene.read(TENTACLE).find(14220) is not None


@pytest.fixture
def deaf_scene(fake_proc: FakeProc) -> Iterator[Scene]:
    """The same on a host whose kernel tells nothing."""

    def refused() -> ScriptedEvents:
        raise AccessDenied("the kernel tells nothing here", hint="run octotui on the host itself")

    scene = Scene(fake_proc, ScriptedEvents(), Hearing(refused))
    yield scene
    scene.source.close()
    scene.events.close()


def newest(scene: Scene, pid: int | str) -> None:
    (scene.proc.root / "loadavg").write_text(f"0.10 0.20 0.30 1/312 {pid}\n")


def test_without_events_the_newest_pid_tells_of_starts_and_a_list_now_and_then_of_ends(
    deaf_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = deaf_scene
    newest(scene, 14219)
    scene.read()
    scene.read(TENTACLE)
    scene.clock += POLLED_LISTING_SECONDS
    assert scene.read(TENTACLE).events == "off"
    assert "run octotui on the host itself" in scene.hearing.problem
    with monkeypatch.context() as patched:
        patched.setattr(os, "listdir", lambda directory: pytest.fail("the whole table was listed"))
        scene.proc.remove(4000)
        scene.proc.add(14220, (b"Calamari",), name=b"Calamari", parent=812)
        newest(scene, 14223)
        assert {key.pid for key in scene.read(TENTACLE).processes} == {812, 4000, 14220}
    scene.clock += POLLED_LISTING_SECONDS
    assert {key.pid for key in scene.read(TENTACLE).processes} == {812, 14220}


@pytest.mark.parametrize(
    "told", [400, 14219 + MOST_CANDIDATES + 1, "soon", "9" * 12], ids=["anew", "many", "no number", "long"]
)
def test_a_newest_pid_that_tells_nothing_is_made_good_by_a_list(deaf_scene: Scene, told: int | str) -> None:
    scene = deaf_scene
    newest(scene, 14219)
    for _ in range(3):
        scene.read(TENTACLE)
    scene.proc.add(310, (b"Calamari",), name=b"Calamari", parent=812)
    newest(scene, told)
    assert scene.read(TENTACLE).find(310) is not None


def test_nothing_is_listened_to_before_the_first_picture_stands(scene: Scene) -> None:
    assert scene.source.events_descriptor() is None
    assert scene.read().events == ""
    assert scene.read(TENTACLE).events == "on"
    assert scene.source.events_descriptor() == scene.events.fileno()


def test_changes_are_counted_from_the_snapshot_before(scene: Scene) -> None:
    first = scene.read()
    second = scene.read(TENTACLE)
    assert first.changes is None
    assert second.changes is not None
    assert second.changes.since == first.number and second.changes.is_empty


def test_descriptors_that_have_run_out_are_an_error_and_no_process_counts_as_gone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed(scene)
    really_open = os.open

    def exhausted(path: object, *args: int, **more: int) -> int:
        if str(path).endswith("/stat"):
            raise OSError(24, "Too many open files")
        return really_open(path, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", exhausted)
    with pytest.raises(OSError, match="Too many open files"):
        scene.read(TENTACLE)
    monkeypatch.undo()
    taken = scene.read(TENTACLE)
    assert {key.pid for key in taken.processes} == {812, 4000}
