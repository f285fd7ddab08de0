"""Who is whose parent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from process_builders import key_of, process

from octotui.processes.forest import Forest, children_first
from octotui.processes.model import ProcessInfo, ProcessKey

TENTACLE_TREE = (process(812, 1), process(14207, 812), process(14220, 14207), process(14233, 14220), process(900, 1))


def test_a_process_stands_under_its_parent_and_without_a_living_parent_it_is_a_root() -> None:
    forest = Forest.of(TENTACLE_TREE)
    assert forest.roots == (key_of(812), key_of(900))
    assert forest.children(key_of(812)) == (key_of(14207),)
    assert forest.parent(key_of(14233)) == key_of(14220)
    assert forest.parent(key_of(812)) is None


def test_ancestors_come_nearest_first_and_descendants_parents_first() -> None:
    forest = Forest.of(TENTACLE_TREE)
    assert forest.ancestors(key_of(14233)) == (key_of(14220), key_of(14207), key_of(812))
    assert forest.descendants(key_of(812)) == (key_of(14207), key_of(14220), key_of(14233))


def test_siblings_stand_in_the_order_of_their_start_even_when_pids_have_wrapped() -> None:
    forest = Forest.of([process(812, 1), process(40, 812, started=9000), process(32000, 812, started=8000)])
    assert [key.pid for key in forest.children(key_of(812))] == [32000, 40]


def test_a_process_that_took_over_the_pid_of_a_dead_parent_is_not_the_parent() -> None:
    forest = Forest.of([process(500, 1, started=7000), process(501, 500, started=6000)])
    assert forest.roots == (ProcessKey(501, 6000), ProcessKey(500, 7000))


def test_of_two_holders_of_a_pid_the_one_before_the_child_is_its_parent() -> None:
    old, new = process(500, 1, started=10), process(500, 1, started=90)
    forest = Forest.of([new, process(600, 500, started=20), old, process(601, 500, started=95)])
    assert forest.children(old.key) == (ProcessKey(600, 20),)
    assert forest.children(new.key) == (ProcessKey(601, 95),)


def test_a_process_that_names_itself_as_parent_is_a_root() -> None:
    assert Forest.of([process(5, 5)]).roots == (key_of(5),)


def test_a_cycle_of_one_tick_is_cut_at_its_lowest_pid() -> None:
    forest = Forest.of([process(7, 9, started=3), process(8, 7, started=3), process(9, 8, started=3)])
    assert forest.roots == (ProcessKey(7, 3),)
    assert [key.pid for key in forest] == [7, 8, 9]


def test_a_detached_process_is_a_root_and_keeps_its_children() -> None:
    forest = Forest.of(TENTACLE_TREE, detached=[key_of(14220)])
    assert key_of(14220) in forest.roots
    assert forest.children(key_of(14220)) == (key_of(14233),)


def test_a_key_that_was_not_given_has_no_relations() -> None:
    forest = Forest.of(TENTACLE_TREE)
    stranger = ProcessKey(812, 999)
    assert stranger not in forest
    assert key_of(812) in forest
    assert forest.parent(stranger) is None
    assert forest.children(stranger) == forest.ancestors(stranger) == forest.descendants(stranger) == ()


def test_leaves_are_captured_before_their_parents_and_equals_keep_their_order() -> None:
    forest = Forest.of(TENTACLE_TREE)
    asked = [key_of(pid) for pid in (812, 900, 14220, 14207, 14233, 812)]
    assert [key.pid for key in children_first(forest, asked)] == [14233, 14220, 14207, 812, 900]


def test_a_chain_of_five_thousand_needs_no_recursion() -> None:
    chain = [process(pid, pid - 1, started=1) for pid in range(1, 5001)]
    forest = Forest.of(chain)
    assert len(forest) == len(list(forest)) == 5000
    assert len(forest.ancestors(ProcessKey(5000, 1))) == 4999
    assert children_first(forest, forest)[0] == ProcessKey(5000, 1)


@st.composite
def hostile_tables(draw: st.DrawFn) -> list[ProcessInfo]:
    """Few pids and ticks, any parent: cycles, self parents, missing parents and reused pids come often."""
    keys = draw(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 3)), unique=True, max_size=24))
    return [process(pid, draw(st.integers(0, 9)), started=started) for pid, started in keys]


@given(hostile_tables())
def test_every_process_stands_in_the_forest_exactly_once(table: list[ProcessInfo]) -> None:
    forest = Forest.of(table)
    assert sorted(forest) == sorted(found.key for found in table)
    for found in table:
        assert found.key in forest
        assert found.key not in forest.ancestors(found.key)
        above = forest.parent(found.key)
        if above is None:
            assert found.key in forest.roots
        else:
            assert above.pid == found.parent_pid
            assert above.started <= found.key.started
            assert found.key in forest.children(above)


@given(hostile_tables())
def test_no_process_is_captured_before_one_below_it(table: list[ProcessInfo]) -> None:
    forest = Forest.of(table)
    order = children_first(forest, (found.key for found in table))
    assert len(order) == len(table)
    for place, key in enumerate(order):
        assert not set(order[:place]) & set(forest.ancestors(key))
