"""Estimates that learn: what a host showed is expected of it, and little or odd evidence never makes nonsense."""

from __future__ import annotations

import itertools
import random
from statistics import median

import pytest
from dump_doubles import facts_of

from octotui.dumps.estimating.estimates import estimate, estimated_bytes
from octotui.dumps.estimating.history import Entry, History
from octotui.dumps.estimating.learning import Line, Shape, learned_pause, learned_size
from octotui.dumps.model import DumpType, Medium
from octotui.processes.model import ProcessKey

USUAL = Line(0.15, 1 / 700e6)
KEY = ProcessKey(4242, 1)


def shape(size: int, type: str = "heap", device: str = "8:1", medium: str = "disk") -> Shape:
    return Shape("ipc", type, medium, device, "8", size)


def entry(size: int, pause: float, foreseen: int = 0, **changes: str) -> Entry:
    fields = {"backend": "ipc", "type": "heap", "medium": "disk", "device": "8:1", "runtime": "8"} | changes
    return Entry(bytes=size, seconds=pause, pause_seconds=pause, foreseen_bytes=foreseen or size, **fields)


def test_host_without_history_gets_what_is_usual() -> None:
    assert learned_pause(shape(700_000_000), USUAL, ()) == pytest.approx(1.15)
    assert learned_size(shape(5), 123, ()) == 123


@pytest.mark.parametrize("slower", [0.5, 1, 8, 40])
def test_twenty_captures_of_all_sorts_are_foreseen_on_fast_and_slow_hosts(slower: float) -> None:
    chance = random.Random(7)
    errors: list[float] = []
    told: list[Entry] = []
    rates = {"heap": 650e6, "full": 900e6}
    for _ in range(60):
        type, size = chance.choice(["heap", "full"]), chance.randint(60, 500) * 1_000_000
        pause = (0.2 + size * slower / rates[type]) * chance.lognormvariate(0, 0.06)
        errors.append(abs(learned_pause(shape(size, type), USUAL, told) / pause - 1))
        told.append(entry(size, pause, type=type))
    assert median(errors[:20]) < 0.25
    assert median(errors[20:]) < 0.10


def test_slow_disk_says_nothing_of_another_disk_or_of_memory() -> None:
    told = [entry(400_000_000, 8.0) for _ in range(5)]
    usual = learned_pause(shape(400_000_000), USUAL, ())
    assert learned_pause(shape(400_000_000), USUAL, told) == pytest.approx(8.0, rel=0.1)
    assert learned_pause(shape(400_000_000, device="8:16"), USUAL, told) < 3 * usual
    assert learned_pause(shape(400_000_000, medium="memory"), USUAL, told) < 3 * usual


def test_one_capture_on_a_busy_machine_does_not_spoil_the_rest() -> None:
    told = [entry(400_000_000, 0.8), entry(400_000_000, 0.82), entry(400_000_000, 9.0), entry(400_000_000, 0.79)]
    assert learned_pause(shape(400_000_000), USUAL, told) == pytest.approx(0.8, rel=0.2)


@pytest.mark.parametrize("count", [1, 2, 50])
def test_few_or_equal_captures_never_give_nonsense(count: int) -> None:
    told = [entry(300_000_000, 1.0)] * count
    for size in (1_000_000, 300_000_000, 40_000_000_000):
        pause = learned_pause(shape(size), USUAL, told)
        assert 0.01 < pause < 200
    pauses = [learned_pause(shape(size), USUAL, told) for size in (10**6, 10**8, 10**9, 10**10)]
    assert all(before < after for before, after in itertools.pairwise(pauses))


def test_size_follows_what_its_type_came_out_as() -> None:
    by_summand = [entry(size + 5_000_000, 1.0, size) for size in (20_000_000, 60_000_000, 200_000_000)]
    assert learned_size(shape(0), 400_000_000, by_summand) == pytest.approx(405_000_000, rel=0.001)
    by_factor = [entry(int(size * 1.2), 1.0, size) for size in (20_000_000, 60_000_000, 200_000_000)]
    assert learned_size(shape(0), 400_000_000, by_factor) == pytest.approx(480_000_000, rel=0.001)
    assert learned_size(shape(0, "full"), 400_000_000, by_factor) == 400_000_000
    absurd = [entry(10**12, 1.0, 10**6) for _ in range(5)]
    assert learned_size(shape(0), 400_000_000, absurd) == 800_000_000


def test_old_runtime_writes_less_beside_its_heap() -> None:
    new, old = facts_of(KEY), facts_of(KEY, version="3.1.23")
    assert estimated_bytes(new, DumpType.MINI) > 2 * estimated_bytes(old, DumpType.MINI)
    assert estimated_bytes(old, DumpType.FULL) == estimated_bytes(new, DumpType.FULL)
    assert estimate(old, DumpType.MINI, "ipc", History()).pause_seconds < 0.1
    assert estimate(facts_of(KEY, version=""), DumpType.MINI, "ipc", History()).bytes == 6_000_000


def test_medium_and_device_tell_estimates_apart() -> None:
    history = History()
    for _ in range(3):
        history.add(entry(56_000_000, 5.0))
    slow = estimate(facts_of(KEY), DumpType.HEAP, "ipc", history, Medium.DISK, "8:1")
    fast = estimate(facts_of(KEY), DumpType.HEAP, "ipc", history, Medium.MEMORY)
    assert slow.pause_seconds > 5 * fast.pause_seconds


def test_dump_by_gdb_changes_no_estimate_of_the_other_backends_and_teaches_those_of_gdb() -> None:
    by_gdb = [entry(1_300_000_000, 0.7, 318_000_000, backend="gcore")]
    assert learned_size(shape(0), 318_000_000, by_gdb) == 318_000_000
    usual = learned_pause(shape(318_000_000), USUAL, ())
    assert learned_pause(shape(318_000_000), USUAL, by_gdb) == pytest.approx(usual)
    again = Shape("gcore", "heap", "disk", "8:1", "8", 318_000_000)
    assert learned_size(again, 318_000_000, by_gdb) == pytest.approx(1_300_000_000, rel=0.01)
