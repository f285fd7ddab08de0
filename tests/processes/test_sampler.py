"""Rates, arrivals and exits between snapshots."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from process_builders import key_of, process, snapshot

from octotui.processes.model import Meaning, ProcessKey, Snapshot
from octotui.processes.sampler import Sampler

TENTACLE, CALAMARI = process(812, 1, "Tentacle"), process(14220, 812, "Calamari")


def roles(taken: Snapshot) -> Mapping[ProcessKey, Meaning]:
    return {key: Meaning(role=found.name.lower()) for key, found in taken.processes.items()}


def test_the_first_sample_has_no_rates_and_nothing_has_just_arrived() -> None:
    first = Sampler(roles).advance(snapshot(TENTACLE, CALAMARI))
    assert (dict(first.cpu_percent), dict(first.arrived), dict(first.ghosts)) == ({}, {}, {})
    assert first.meaning(CALAMARI.key).role == "calamari"


def test_cpu_is_the_share_of_one_core_between_two_snapshots() -> None:
    sampler = Sampler()
    sampler.advance(snapshot(process(1, cpu_seconds=10.0), process(2, cpu_seconds=5.0), TENTACLE, monotonic=100.0))
    sample = sampler.advance(
        snapshot(
            process(1, cpu_seconds=13.0), process(2, cpu_seconds=4.0), TENTACLE, process(3, cpu_seconds=9.0),
            monotonic=102.0,
        )
    )  # fmt: skip
    assert dict(sample.cpu_percent) == {key_of(1): 150.0, key_of(2): 0.0, TENTACLE.key: 0.0}


@pytest.mark.parametrize("monotonic", [100.0, 99.0])
def test_without_time_between_two_snapshots_there_is_no_rate(monotonic: float) -> None:
    sampler = Sampler()
    sampler.advance(snapshot(TENTACLE, monotonic=100.0))
    assert dict(sampler.advance(snapshot(TENTACLE, monotonic=monotonic)).cpu_percent) == {}


def test_a_new_process_has_just_arrived_for_five_seconds() -> None:
    sampler = Sampler()
    sampler.advance(snapshot(TENTACLE, monotonic=100.0))
    for now, expected in ((102.0, True), (104.0, True), (106.9, True), (107.0, False)):
        arrived = sampler.advance(snapshot(TENTACLE, CALAMARI, monotonic=now)).arrived
        assert (arrived.get(CALAMARI.key) == 102.0) is expected


def test_an_exited_process_stays_a_ghost_for_five_seconds_with_its_last_look_and_meaning() -> None:
    sampler = Sampler(roles)
    sampler.advance(snapshot(TENTACLE, CALAMARI, monotonic=100.0))
    for now in (102.0, 104.0, 106.9):
        sample = sampler.advance(snapshot(TENTACLE, monotonic=now))
        ghost = sample.ghosts[CALAMARI.key]
        assert ghost.process is CALAMARI
        assert ghost.exited_monotonic == 102.0
        assert sample.meaning(CALAMARI.key).role == "calamari"
        assert sample.process(CALAMARI.key) is CALAMARI
    assert sampler.advance(snapshot(TENTACLE, monotonic=107.0)).ghosts == {}


def test_a_ghost_under_the_cursor_stays_as_long_as_it_is_kept() -> None:
    sampler = Sampler()
    sampler.advance(snapshot(TENTACLE, CALAMARI, monotonic=100.0))
    sampler.advance(snapshot(TENTACLE, monotonic=102.0))
    assert CALAMARI.key in sampler.advance(snapshot(TENTACLE, monotonic=500.0), keep={CALAMARI.key}).ghosts
    assert CALAMARI.key not in sampler.advance(snapshot(TENTACLE, monotonic=502.0)).ghosts


def test_a_reused_pid_is_one_process_that_ended_and_another_that_came() -> None:
    sampler = Sampler()
    sampler.advance(snapshot(CALAMARI, monotonic=100.0))
    reused = process(14220, 812, "bash", started=20000, cpu_seconds=3.0)
    sample = sampler.advance(snapshot(reused, monotonic=102.0))
    assert set(sample.ghosts) == {CALAMARI.key}
    assert set(sample.arrived) == {reused.key}
    assert dict(sample.cpu_percent) == {}


def test_a_process_that_one_scan_missed_is_back_and_has_not_arrived() -> None:
    sampler = Sampler()
    sampler.advance(snapshot(TENTACLE, CALAMARI, monotonic=100.0))
    sampler.advance(snapshot(TENTACLE, monotonic=102.0))
    sample = sampler.advance(snapshot(TENTACLE, CALAMARI, monotonic=104.0))
    assert (dict(sample.ghosts), dict(sample.arrived)) == ({}, {})
    assert CALAMARI.key not in sample.cpu_percent


def test_a_process_that_execs_keeps_its_rate_and_does_not_arrive_again() -> None:
    sampler = Sampler(roles)
    sampler.advance(snapshot(process(5, name="bash", cpu_seconds=1.0), monotonic=100.0))
    sample = sampler.advance(snapshot(process(5, name="Calamari", cpu_seconds=2.0), monotonic=101.0))
    assert (dict(sample.arrived), dict(sample.ghosts)) == ({}, {})
    assert sample.cpu_percent[key_of(5)] == 100.0
    assert sample.meaning(key_of(5)).role == "calamari"


def test_kernel_threads_come_and_go_unnoted() -> None:
    sampler = Sampler()
    sampler.advance(snapshot(process(9, 2, is_kernel=True), monotonic=100.0))
    sample = sampler.advance(snapshot(process(10, 2, is_kernel=True), monotonic=102.0))
    assert (dict(sample.arrived), dict(sample.ghosts)) == ({}, {})


def test_how_long_things_linger_can_be_chosen() -> None:
    sampler = Sampler(linger_seconds=1.0)
    sampler.advance(snapshot(TENTACLE, monotonic=100.0))
    sampler.advance(snapshot(CALAMARI, monotonic=101.0))
    sample = sampler.advance(snapshot(CALAMARI, monotonic=102.0))
    assert (dict(sample.arrived), dict(sample.ghosts)) == ({}, {})
