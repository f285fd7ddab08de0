"""A view that keeps what did not change shows the same as one that starts from nothing, and does less."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from process_builders import key_of, process, sample

from octotui.processes import kinship, membership, row, view
from octotui.processes.filters import parse_filter
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample
from octotui.processes.state import Scope, SortColumn, ViewState, fold, sort_by
from octotui.processes.view import View, rows

FIXED = [column for column in SortColumn if column not in (SortColumn.CPU, SortColumn.MEMORY)]
CALAMARI = Meaning(role="calamari", label="Calamari", dotnet=True)


@st.composite
def lives(draw: st.DrawFn) -> list[Sample]:
    """Samples of one small host: processes come, go, rename themselves and get other parents and meanings."""
    found: list[Sample] = []
    alive: dict[ProcessKey, ProcessInfo] = {}
    for step in range(draw(st.integers(1, 4))):
        for pid in draw(st.lists(st.integers(1, 9), max_size=5)):
            fresh = process(pid, draw(st.integers(0, 9)), name=draw(st.sampled_from(["bash", "pwsh", "dotnet"])))
            alive[fresh.key] = fresh
        gone = [alive.pop(key) for key in draw(st.lists(st.sampled_from(sorted(alive)), unique=True))] if alive else []
        roles = {key.pid: CALAMARI if draw(st.booleans()) else Meaning(role="none") for key in alive}
        cpu = {key.pid: draw(st.sampled_from([0.0, 4.0, 60.0])) for key in alive}
        ghosts = [(one, CALAMARI) for one in gone]
        found.append(sample(*alive.values(), meanings=roles, cpu=cpu, ghosts=ghosts, monotonic=100.0 + 2 * step))
        if found[1:] and draw(st.booleans()):
            found.append(replace(found[-1], cpu_percent=dict.fromkeys(alive, 7.0)))
    return found


@given(
    lives(), st.sampled_from(list(Scope)), st.sampled_from(FIXED), st.booleans(), st.booleans(),
    st.sampled_from(["", "pwsh", "cpu>5", "-bash", "role:calamari|pwsh"]), st.sampled_from([None, 1, 3]),
    st.frozensets(st.integers(1, 9).map(key_of)), st.booleans(),
)  # fmt: skip
def test_what_is_kept_between_samples_never_shows(
    life: list[Sample],
    scope: Scope,
    column: SortColumn,
    is_tree: bool,
    descending: bool,
    text: str,
    subtree: int | None,
    folded: frozenset[ProcessKey],
    matches_only: bool,
) -> None:
    state = ViewState(
        scope, is_tree, column, descending, folded, frozenset(), parse_filter(text), subtree, matches_only=matches_only
    )
    kept = View()
    for moment in life:
        assert tuple(kept.rows(moment, state)) == rows(moment, state)


def host(count: int) -> Sample:
    crowd = [process(1), *(process(pid, 1) for pid in range(1000, 1000 + count))]
    octopus = [process(50, 1), process(60, 50), process(61, 60)]
    return sample(*crowd, *octopus, meanings=dict.fromkeys((60, 61), CALAMARI))


def test_the_octopus_view_never_builds_the_forest_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_dear(*_: object, **__: object) -> None:
        raise AssertionError("the forest of all processes was built")

    for module in (kinship, membership, view):
        monkeypatch.setattr(module, "forest_of", too_dear)
    shown = View().rows(host(500), ViewState())
    assert [row.process.pid for row in shown] == [1, 50, 60, 61]
    assert [one.is_context for one in shown] == [True, True, False, False]


def test_a_row_is_made_when_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(row, "Row", lambda *fields: made.append(fields[0].pid) or fields)
    shown = View().rows(host(500), ViewState(scope=Scope.EVERYTHING))
    assert len(shown) == 504 and made == []
    assert shown[4] is shown[4] and made == [1000]


def test_nothing_is_arranged_again_while_only_figures_change() -> None:
    kept, first = View(), host(50)
    state = sort_by(ViewState(scope=Scope.EVERYTHING), SortColumn.CPU)
    for chosen in (ViewState(scope=Scope.EVERYTHING), state, replace(state, sort=SortColumn.NAME)):
        kept.rows(first, chosen)
        arranged = kept._arrangement
        kept.rows(replace(first, cpu_percent={key_of(60): 0.5}), chosen)
        assert kept._arrangement is arranged
        kept.rows(first, fold(chosen, key_of(50)))
        assert kept._arrangement is not arranged


def test_watched_are_the_members_folded_away_or_not_and_the_rows_above_them() -> None:
    kept = View()
    kept.rows(host(50), fold(ViewState(), key_of(50)))
    assert kept.watched() == {key_of(pid) for pid in (1, 50, 60, 61)}
    kept.rows(host(50), ViewState(filter=parse_filter("pid:60")))
    assert key_of(61) in kept.watched(), "a filter may have to ask every member"


def test_rows_answer_where_a_process_stands() -> None:
    shown = View().rows(host(3), ViewState(scope=Scope.EVERYTHING, filter=parse_filter("pid:60,1001")))
    assert shown.index_of(key_of(60)) is not None and shown.of(key_of(999)) is None and shown.of(None) is None
    assert [shown[index].process.pid for index in shown.matches()] == [60, 1001]
    assert shown.first_wanted() == key_of(60)
    assert shown.widest_pid == 1001 and shown[-1].process.pid == 1001
    assert [one.process.pid for one in shown[1:3]] == [50, 60]
    with pytest.raises(IndexError):
        shown[99]


def test_counted_are_the_living_that_are_no_context() -> None:
    gone = (process(62, 60), CALAMARI)
    found = sample(process(1), process(60, 1), process(61, 60), meanings={60: CALAMARI, 61: CALAMARI}, ghosts=[gone])
    assert View().rows(found, ViewState()).count_living() == 2
    assert View().rows(found, ViewState(scope=Scope.EVERYTHING)).count_living() == 3
