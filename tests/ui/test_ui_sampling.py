"""The pace of the scans: sooner when an event asks for it, later when they are dear, never two at once."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator

import pytest
from ui_fakes import FakeHost, usual_sample

from octotui.processes.model import ProcessKey, Sample
from octotui.ui.sampling import LARGEST_SHARE, Sampling

WATCHED = frozenset({ProcessKey(812, 1)})


class TalkingHost(FakeHost):
    """A host whose kernel tells of something when a test writes to the pipe; `is_octopus` says what it is of."""

    def __init__(self) -> None:
        super().__init__(usual_sample())
        self.reading, self.writing = os.pipe()
        self.is_octopus = True
        self.listened = 0
        self.scans = 0
        self.work_seconds = 0.0

    def tell(self) -> None:
        os.write(self.writing, b"x")

    def events_descriptor(self) -> int | None:
        return self.reading

    def listen(self) -> bool:
        os.read(self.reading, 4096)
        self.listened += 1
        return self.is_octopus

    def read_sample(self, *asked: object) -> Sample:
        self.scans += 1
        end = time.thread_time() + self.work_seconds
        while time.thread_time() < end:
            pass
        return super().read_sample(*asked)  # type: ignore[arg-type]


@pytest.fixture
def host() -> Iterator[TalkingHost]:
    made = TalkingHost()
    yield made
    os.close(made.reading)
    os.close(made.writing)


@pytest.fixture(autouse=True)
def no_second_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask for the samples themselves."""
    monkeypatch.setattr("octotui.ui.sampling.SECOND_SAMPLE_SECONDS", 3600.0)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("that never came")


def sampling(host: FakeHost, *, interval: float = 3600.0) -> Sampling:
    return Sampling(host, interval_seconds=lambda: interval, kept=frozenset, watched=lambda: WATCHED)


async def test_an_event_of_octopus_brings_the_next_sample_before_its_time(host: TalkingHost) -> None:
    pace = sampling(host)
    await pace.next_sample()
    host.tell()
    await asyncio.wait_for(pace.next_sample(), 60)
    assert (host.scans, host.listened) == (2, 1)
    assert host.watched == WATCHED


async def test_an_event_of_a_stranger_is_taken_in_and_brings_no_sample(host: TalkingHost) -> None:
    host.is_octopus = False
    pace = sampling(host)
    await pace.next_sample()
    host.tell()
    waiting = asyncio.create_task(pace.next_sample())
    await until(lambda: host.listened == 1)
    host.tell()
    await until(lambda: host.listened == 2)
    assert host.scans == 1
    pace.rescan()
    await asyncio.wait_for(waiting, 60)
    assert host.scans == 2


async def test_a_rescan_that_is_asked_for_during_a_scan_is_not_forgotten(host: TalkingHost) -> None:
    pace = sampling(host)
    host.work_seconds = 0.1
    scanning = asyncio.create_task(pace.next_sample())
    await until(lambda: host.scans == 1)
    pace.rescan()
    await scanning
    await asyncio.wait_for(pace.next_sample(), 60)
    assert host.scans == 2


async def test_scans_that_are_dear_come_later_and_the_pace_says_so(host: TalkingHost) -> None:
    pace = sampling(host, interval=2.0)
    await pace.next_sample()
    host.work_seconds = 0.2
    pace.rescan()
    await pace.next_sample()
    assert not pace.is_slow
    pace.rescan()
    await pace.next_sample()
    assert pace.is_slow
    assert pace.pause_seconds >= 0.2 / LARGEST_SHARE


async def test_after_a_scan_that_fails_the_next_one_waits_its_turn(host: TalkingHost) -> None:
    pace = sampling(host)
    await pace.next_sample()

    def refused(*asked: object) -> Sample:
        raise OSError(24, "Too many open files")

    good, host.read_sample = host.read_sample, refused  # type: ignore[method-assign]
    pace.rescan()
    with pytest.raises(OSError, match="Too many open files"):
        await pace.next_sample()
    host.read_sample = good  # type: ignore[method-assign]
    waiting = asyncio.create_task(pace.next_sample())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    pace.rescan()
    await asyncio.wait_for(waiting, 60)


async def test_nothing_is_listened_to_after_the_sampling_was_given_up(host: TalkingHost) -> None:
    pace = sampling(host)
    await pace.next_sample()
    waiting = asyncio.create_task(pace.next_sample())
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    host.tell()
    await asyncio.sleep(0.05)
    assert host.listened == 0


async def test_listening_that_fails_leads_to_a_scan_which_says_why(host: TalkingHost) -> None:
    pace = sampling(host)
    await pace.next_sample()

    def refused() -> bool:
        os.read(host.reading, 4096)
        raise OSError(24, "Too many open files")

    host.listen = refused  # type: ignore[method-assign]
    host.tell()
    await asyncio.wait_for(pace.next_sample(), 60)
    assert host.scans == 2
