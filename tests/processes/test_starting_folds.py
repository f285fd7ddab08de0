"""Octopus branches start open, the rest folded; what a person does stays."""

from __future__ import annotations

from dataclasses import replace

from process_builders import key_of, process, sample

from octotui.processes.kinship import forest_of
from octotui.processes.model import Meaning, ProcessInfo, Sample
from octotui.processes.starting_folds import StartingFolds
from octotui.processes.state import Scope, ViewState, fold, unfold

INIT, SSHD, SHELL, TOP = process(1), process(20, 1), process(21, 20), process(22, 21)
TENTACLE, CALAMARI = process(30, 1), process(31, 30)
EVERYTHING = ViewState(scope=Scope.EVERYTHING)
ROLES = {30: Meaning(role="tentacle-service"), 31: Meaning(role="calamari")}


def host(*more: ProcessInfo, roles: dict[int, Meaning] | None = None) -> Sample:
    return sample(INIT, SSHD, SHELL, TOP, TENTACLE, CALAMARI, *more, meanings=ROLES if roles is None else roles)


def applied(folds: StartingFolds, state: ViewState, found: Sample) -> ViewState:
    return folds.applied(state, found, forest_of(found))


def test_branches_without_octopus_start_folded_and_the_first_level_is_in_sight() -> None:
    state = applied(StartingFolds(), EVERYTHING, host())
    assert state.folded == {SSHD.key, SHELL.key}


def test_what_a_person_opened_stays_open() -> None:
    folds = StartingFolds()
    state = unfold(applied(folds, EVERYTHING, host()), SSHD.key)
    for _ in range(2):
        state = applied(folds, state, host())
        assert state.folded == {SHELL.key}


def test_a_branch_that_arrives_is_folded_when_it_first_has_children() -> None:
    folds = StartingFolds()
    state = applied(folds, EVERYTHING, host())
    cron, job = process(40, 1), process(41, 40)
    assert applied(folds, state, host(cron)).folded == state.folded
    assert applied(folds, state, host(cron, job)).folded == state.folded | {cron.key}


def test_a_branch_opens_when_an_octopus_process_arrives_in_it_unless_a_person_folded_it() -> None:
    script = process(23, 22)
    roles = {**ROLES, 23: Meaning(role="calamari")}
    folds = StartingFolds()
    state = applied(folds, EVERYTHING, host())
    assert applied(folds, state, host(script, roles=roles)).folded == frozenset()
    folds = StartingFolds()
    state = unfold(applied(folds, EVERYTHING, host()), SSHD.key)
    state = fold(applied(folds, state, host()), SSHD.key)
    assert applied(folds, state, host(script, roles=roles)).folded == {SSHD.key}


def test_a_branch_that_octopus_left_does_not_shut_under_the_eyes() -> None:
    folds = StartingFolds()
    state = applied(folds, EVERYTHING, host())
    assert applied(folds, state, host(roles={})).folded == state.folded


def test_the_octopus_scope_and_a_subtree_start_open() -> None:
    for state in (ViewState(), replace(EVERYTHING, subtree=20)):
        assert applied(StartingFolds(), state, host()) is state
    assert key_of(30) not in applied(StartingFolds(), replace(EVERYTHING, scope=Scope.DOTNET), host()).folded
