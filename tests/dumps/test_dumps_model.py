"""What a running job says of the time that is left."""

from __future__ import annotations

import pytest
from dump_doubles import facts_of

from octotui.dumps.model import DumpType, Estimate, Step, Target
from octotui.dumps.results import Job, JobState
from octotui.processes.model import ProcessKey

KEY = ProcessKey(14220, 988812)
STEP = Step(Target(KEY, "Calamari"), "ipc", "", DumpType.HEAP, Estimate(300_000_000, 0.6), facts_of(KEY))


def test_a_runtime_that_looks_around_first_does_not_spoil_the_time_left() -> None:
    job = Job(1, STEP, JobState.RUNNING, bytes_written=26_000_000, seconds=0.3)
    assert job.remaining_seconds == pytest.approx(1.0, abs=0.1)


def test_a_disk_slower_than_was_thought_is_believed() -> None:
    job = Job(1, STEP, JobState.RUNNING, bytes_written=100_000_000, seconds=10.0)
    assert job.remaining_seconds == pytest.approx(20.0)


def test_near_the_end_the_rate_decides_whatever_was_estimated() -> None:
    job = Job(1, STEP, JobState.RUNNING, bytes_written=270_000_000, seconds=9.0)
    assert job.remaining_seconds == pytest.approx(1.0)


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.RUNNING])
def test_only_a_running_job_has_time_left(state: JobState) -> None:
    assert Job(1, STEP, state, bytes_written=1, seconds=1.0).remaining_seconds is None


def test_before_the_first_byte_and_beyond_the_estimate_nothing_odd_is_said() -> None:
    assert Job(1, STEP, JobState.RUNNING, bytes_written=0, seconds=1.0).remaining_seconds is None
    assert Job(1, STEP, JobState.RUNNING, bytes_written=400_000_000, seconds=1.0).remaining_seconds == 0.0
