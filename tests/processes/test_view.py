"""Which rows are shown, in which order, with which figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from process_builders import key_of, process, sample

from octotui.processes import state as change
from octotui.processes.filters import parse_filter
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample
from octotui.processes.view import (
    DEEPEST_GUIDE,
    Lifecycle,
    Row,
    Scope,
    SortColumn,
    ViewState,
    forest_of,
    position,
    rows,
    visible_ancestor,
)

EVERYTHING = ViewState(scope=Scope.EVERYTHING)

SYSTEMD, SSHD, TENTACLE, BASH, CALAMARI, PWSH, CRON = 1, 700, 812, 14207, 14220, 14233, 15000
TABLE = (
    process(SYSTEMD, 0, "systemd"),
    process(2, 0, "kthreadd", is_kernel=True),
    process(3, 2, "kworker/0:0", is_kernel=True),
    process(SSHD, SYSTEMD, "sshd", rss_bytes=10),
    process(TENTACLE, SYSTEMD, "Tentacle", rss_bytes=300, user="octopus"),
    process(BASH, TENTACLE, "bash", rss_bytes=4),
    process(CALAMARI, BASH, "Calamari", rss_bytes=1900),
    process(PWSH, CALAMARI, "pwsh", rss_bytes=18),
    process(CRON, SYSTEMD, "cron", rss_bytes=2),
)
MEANINGS = {
    TENTACLE: Meaning(role="tentacle-service", label="Tentacle", dotnet=True),
    BASH: Meaning(role="task-bootstrap", label="bootstrap", dotnet=False),
    CALAMARI: Meaning(role="calamari", label="Calamari", dotnet=True),
    PWSH: Meaning(role="user-script", label="script", dotnet=True),
    CRON: Meaning(role="none"),
}
CPU = {SYSTEMD: 0.0, SSHD: 1.0, TENTACLE: 0.4, BASH: 0.0, CALAMARI: 38.0, PWSH: 2.0, CRON: 0.0}


def host(**changes: object) -> Sample:
    return sample(*TABLE, meanings=MEANINGS, cpu=CPU, **changes)  # type: ignore[arg-type]


def pids(shown: tuple[Row, ...]) -> list[int]:
    return [row.process.pid for row in shown]


def row_of(shown: tuple[Row, ...], pid: int) -> Row:
    return next(row for row in shown if row.process.pid == pid)


def test_octopus_scope_shows_octopus_processes_and_dims_what_is_above_them() -> None:
    shown = rows(host(), ViewState())
    assert pids(shown) == [SYSTEMD, TENTACLE, BASH, CALAMARI, PWSH]
    assert [row.is_context for row in shown] == [True, False, False, False, False]
    assert [row.guide for row in shown] == ["", "└ ", "  └ ", "    └ ", "      └ "]
    assert [row.depth for row in shown] == [0, 1, 2, 3, 4]


def test_dotnet_scope_keeps_the_shell_between_two_dotnet_processes_as_context() -> None:
    shown = rows(host(), ViewState(scope=Scope.DOTNET))
    assert pids(shown) == [SYSTEMD, TENTACLE, BASH, CALAMARI, PWSH]
    assert row_of(shown, BASH).is_context
    assert not row_of(shown, CALAMARI).is_context


def test_everything_leaves_out_kernel_threads_only() -> None:
    shown = rows(host(), EVERYTHING)
    assert pids(shown) == [SYSTEMD, SSHD, TENTACLE, BASH, CALAMARI, PWSH, CRON]
    assert [row.guide for row in shown] == ["", "├ ", "├ ", "│ └ ", "│   └ ", "│     └ ", "└ "]
    assert not any(row.is_context or row.is_match for row in shown)


def test_scopes_go_round() -> None:
    assert [scope.next() for scope in Scope] == [Scope.DOTNET, Scope.EVERYTHING, Scope.OCTOPUS]


def test_a_filter_shows_the_match_its_ancestors_and_its_descendants() -> None:
    shown = rows(host(), replace(EVERYTHING, filter=parse_filter("calamari")))
    assert pids(shown) == [SYSTEMD, TENTACLE, BASH, CALAMARI, PWSH]
    assert [row.is_context for row in shown] == [True, True, True, False, False]
    assert [row.is_match for row in shown] == [False, False, False, True, False]


def test_a_filter_does_not_reach_beyond_the_scope() -> None:
    assert rows(host(), ViewState(filter=parse_filter("sshd"))) == ()
    assert pids(rows(host(), replace(EVERYTHING, filter=parse_filter("sshd")))) == [SYSTEMD, SSHD]


def test_the_list_is_flat_and_has_no_context() -> None:
    shown = rows(host(), ViewState(is_tree=False, sort=SortColumn.CPU, descending=True))
    assert pids(shown) == [CALAMARI, PWSH, TENTACLE, BASH]
    assert {(row.guide, row.depth, row.has_children) for row in shown} == {("", 0, False)}


def test_siblings_are_sorted_by_what_their_whole_subtree_uses() -> None:
    shown = rows(host(), replace(EVERYTHING, sort=SortColumn.CPU, descending=True))
    assert pids(shown) == [SYSTEMD, TENTACLE, BASH, CALAMARI, PWSH, SSHD, CRON]
    shown = rows(host(), replace(EVERYTHING, sort=SortColumn.MEMORY))
    assert pids(shown) == [SYSTEMD, CRON, SSHD, TENTACLE, BASH, CALAMARI, PWSH]


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (SortColumn.TREE, [SSHD, TENTACLE, CRON]),
        (SortColumn.PID, [SSHD, TENTACLE, CRON]),
        (SortColumn.AGE, [CRON, TENTACLE, SSHD]),
        (SortColumn.NAME, [CRON, SSHD, TENTACLE]),
        (SortColumn.ROLE, [SSHD, CRON, TENTACLE]),
    ],
)
def test_other_columns_sort_siblings_by_their_own_value(column: SortColumn, order: list[int]) -> None:
    assert [row.process.pid for row in rows(host(), replace(EVERYTHING, sort=column)) if row.depth == 1] == order


def test_equals_stay_in_start_order_when_the_order_is_inverted() -> None:
    same = sample(*(process(pid, 0, "worker") for pid in (10, 11, 12)))
    for descending in (False, True):
        assert pids(rows(same, replace(EVERYTHING, sort=SortColumn.NAME, descending=descending))) == [10, 11, 12]
    assert pids(rows(same, replace(EVERYTHING, descending=True))) == [12, 11, 10]


def test_a_folded_row_carries_the_totals_of_what_it_hides() -> None:
    shown = rows(host(), change.fold(ViewState(), key_of(TENTACLE)))
    assert pids(shown) == [SYSTEMD, TENTACLE]
    folded = row_of(shown, TENTACLE)
    assert (folded.is_folded, folded.has_children, folded.hidden_count) == (True, True, 3)
    assert folded.cpu_percent == pytest.approx(40.4)
    assert folded.rss_bytes == 300 + 4 + 1900 + 18
    assert row_of(shown, SYSTEMD).rss_bytes == 1000


def test_a_leaf_cannot_be_folded() -> None:
    leaf = row_of(rows(host(), change.fold(ViewState(), key_of(PWSH))), PWSH)
    assert (leaf.is_folded, leaf.has_children, leaf.hidden_count) == (False, False, 0)


def test_a_rate_that_is_not_known_stays_empty() -> None:
    fresh = sample(*TABLE, meanings=MEANINGS)
    assert all(row.cpu_percent is None for row in rows(fresh, ViewState()))
    assert row_of(rows(fresh, change.fold(ViewState(), key_of(TENTACLE))), TENTACLE).cpu_percent is None


def test_an_exited_process_stays_under_its_former_parent_among_its_siblings() -> None:
    gone = process(14210, BASH, "Calamari", rss_bytes=999)
    shown = rows(host(ghosts=[(gone, Meaning(role="calamari"))]), ViewState())
    assert pids(shown) == [SYSTEMD, TENTACLE, BASH, 14210, CALAMARI, PWSH]
    ghost = row_of(shown, 14210)
    assert ghost.lifecycle is Lifecycle.EXITED
    assert ghost.guide == "    ├ "
    assert (ghost.cpu_percent, ghost.rss_bytes, ghost.exited_seconds) == (None, 0, 4.0)
    assert ghost.age_seconds == pytest.approx(1000.0 - 142.10 - 4.0)


def test_a_whole_tree_that_exited_keeps_its_shape() -> None:
    gone = [(process(pid, parent), Meaning(role="calamari")) for pid, parent in ((20000, TENTACLE), (20001, 20000))]
    shown = rows(host(ghosts=gone), ViewState())
    assert row_of(shown, 20001).depth == row_of(shown, 20000).depth + 1 == 3


def test_a_ghost_whose_pid_was_reused_leaves_the_children_of_the_new_process_alone() -> None:
    gone = (process(900, TENTACLE, "Calamari"), Meaning(role="calamari"))
    table = (*TABLE, process(900, TENTACLE, "bash", started=20000), process(901, 900, "sleep", started=20001))
    shown = rows(sample(*table, ghosts=[gone]), EVERYTHING)
    assert visible_ancestor(shown, forest_of(sample(*table, ghosts=[gone])), ProcessKey(901, 20001))
    above = shown[position(shown, ProcessKey(901, 20001)) - 1]  # type: ignore[operator]
    assert above.key == ProcessKey(900, 20000)


def test_an_arrived_process_is_told_from_a_steady_one() -> None:
    shown = rows(host(arrived=[PWSH]), ViewState())
    assert [row.lifecycle for row in shown[-2:]] == [Lifecycle.STEADY, Lifecycle.ARRIVED]


def test_an_orphaned_calamari_is_a_root() -> None:
    orphan = {**MEANINGS, CALAMARI: Meaning(role="calamari", is_orphan=True)}
    table = [replace(found, parent_pid=1) if found.pid == CALAMARI else found for found in TABLE]
    shown = rows(sample(*table, meanings=orphan), ViewState())
    assert pids(shown) == [SYSTEMD, TENTACLE, BASH, CALAMARI, PWSH]
    assert (row_of(shown, CALAMARI).guide, row_of(shown, PWSH).guide) == ("", "└ ")


def test_a_subtree_is_shown_from_its_pid_down() -> None:
    shown = rows(host(), ViewState(subtree=BASH))
    assert pids(shown) == [BASH, CALAMARI, PWSH]
    assert [row.guide for row in shown] == ["", "└ ", "  └ "]
    assert rows(host(), ViewState(subtree=99999)) == ()


def test_the_top_of_a_subtree_is_shown_even_if_it_is_out_of_scope() -> None:
    shown = rows(host(), ViewState(subtree=SSHD))
    assert [(row.process.pid, row.is_context) for row in shown] == [(SSHD, True)]


def test_marks_show_on_their_rows_whatever_the_filter() -> None:
    marked = change.mark(ViewState(filter=parse_filter("calamari")), [key_of(PWSH), key_of(CRON)])
    assert [row.process.pid for row in rows(host(), marked) if row.is_marked] == [PWSH]


def test_a_chain_of_five_thousand_is_drawn_with_capped_indentation() -> None:
    chain = sample(*(process(pid, pid - 1) for pid in range(1, 5001)))
    shown = rows(chain, EVERYTHING)
    assert pids(shown) == list(range(1, 5001))
    assert [row.depth for row in shown] == list(range(5000))
    assert max(len(row.guide) for row in shown) == 2 * DEEPEST_GUIDE
    assert shown[DEEPEST_GUIDE].guide == "  " * (DEEPEST_GUIDE - 1) + "└ "
    assert shown[DEEPEST_GUIDE + 1].guide == "… " + "  " * (DEEPEST_GUIDE - 2) + "└ "
    folded = rows(chain, change.fold(EVERYTHING, key_of(2)))
    assert (pids(folded), folded[1].hidden_count) == ([1, 2], 4998)


def test_the_row_of_a_hidden_cursor_is_its_nearest_visible_ancestor() -> None:
    sample_now = host()
    shown = rows(sample_now, change.fold(ViewState(), key_of(BASH)))
    assert position(shown, key_of(PWSH)) is None
    assert position(shown, key_of(BASH)) == 2
    assert visible_ancestor(shown, forest_of(sample_now), key_of(PWSH)) == key_of(BASH)
    assert visible_ancestor(shown, forest_of(sample_now), key_of(BASH)) == key_of(BASH)
    assert visible_ancestor(shown, forest_of(sample_now), ProcessKey(77, 77)) is None


@st.composite
def hostile_samples(draw: st.DrawFn) -> Sample:
    keys = draw(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 3)), unique=True, max_size=20))
    table: list[ProcessInfo] = [process(pid, draw(st.integers(0, 9)), started=start) for pid, start in keys]
    cut = draw(st.integers(0, len(table)))
    meanings = {found.key: Meaning(role=draw(st.sampled_from(["", "none", "calamari"]))) for found in table}
    ghosts = [(found, meanings[found.key]) for found in table[cut:]]
    return replace(sample(*table[:cut], ghosts=ghosts), meanings=meanings)


@given(hostile_samples(), st.sampled_from(list(Scope)), st.sampled_from(list(SortColumn)), st.booleans(), st.booleans())
def test_no_process_has_two_rows_and_none_of_the_scope_is_lost(
    hostile: Sample, scope: Scope, column: SortColumn, is_tree: bool, descending: bool
) -> None:
    shown = rows(hostile, ViewState(scope, is_tree, column, descending))
    keys = [row.key for row in shown]
    assert len(keys) == len(set(keys))
    wanted = {*hostile.snapshot.processes, *hostile.ghosts}
    if scope is Scope.OCTOPUS:
        wanted = {key for key in wanted if hostile.meaning(key).role == "calamari"}
    if scope is not Scope.DOTNET:
        assert wanted == {row.key for row in shown if not row.is_context}
