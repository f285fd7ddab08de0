"""A part of the forest is what the whole forest says of it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from process_builders import key_of, process, sample

from octotui.processes.kinship import Kinship, forest_of
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample


@st.composite
def hostile_samples(draw: st.DrawFn) -> Sample:
    """Few pids, few ticks: reused pids, processes of one tick, cycles, ghosts, orphans, kernel threads."""
    keys = draw(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 3)), unique=True, max_size=20))
    kernel = st.sampled_from([False, False, False, True])
    table: list[ProcessInfo] = [
        process(pid, draw(st.integers(0, 9)), started=start, is_kernel=draw(kernel)) for pid, start in keys
    ]
    cut = draw(st.integers(0, len(table)))
    meanings = {found.key: Meaning(is_orphan=draw(st.integers(0, 5)) == 0) for found in table}
    ghosts = [(replace(found, is_kernel=False), meanings[found.key]) for found in table[cut:]]
    return replace(sample(*table[:cut], ghosts=ghosts), meanings={key: meanings[key] for key in meanings})


@given(hostile_samples(), st.booleans(), st.data())
def test_a_part_of_the_forest_has_the_parents_and_the_order_of_the_whole(
    hostile: Sample, show_kernel: bool, data: st.DataObject
) -> None:
    whole = forest_of(hostile, show_kernel=show_kernel)
    chosen = data.draw(st.lists(st.sampled_from(list(whole)), max_size=5)) if len(whole) else []
    part = Kinship(hostile, show_kernel=show_kernel).forest(chosen)
    wanted = set(chosen) | {above for key in chosen for above in whole.ancestors(key)}
    assert set(part) >= wanted
    for key in wanted:
        assert part.parent(key) == whole.parent(key)
        assert [child for child in part.children(key) if child in wanted] == [
            child for child in whole.children(key) if child in wanted
        ]
    assert [root for root in part.roots if root in wanted] == [root for root in whole.roots if root in wanted]


def test_the_living_holder_of_a_pid_comes_before_a_ghost_that_had_it() -> None:
    gone = process(50, 1, started=900)
    reused = sample(process(1), process(50, 1, started=20), ghosts=[(gone, Meaning())])
    assert Kinship(reused).holder(50) == ProcessKey(50, 20)
    assert Kinship(sample(process(1), ghosts=[(gone, Meaning())])).holder(50) == gone.key
    assert Kinship(reused).holder(51) is None


def test_kernel_threads_have_kin_only_when_they_are_shown() -> None:
    found = sample(process(2, 0, is_kernel=True), process(3, 2, is_kernel=True), process(9, 2))
    assert Kinship(found).parent(key_of(9)) is None
    assert Kinship(found, show_kernel=True).parent(key_of(9)) == key_of(2)
    assert Kinship(found, show_kernel=True).ancestors(key_of(3)) == (key_of(2),)
