"""Memory or disk: a dump goes to memory only where the disk is the limit and nobody needs that memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from octotui.dumps.estimating.history import Entry
from octotui.dumps.estimating.media import Circumstances, choose_medium
from octotui.dumps.estimating.surroundings import HostMemory
from octotui.dumps.model import Medium

GB = 10**9
HOST = HostMemory(available_bytes=20 * GB, shared_bytes=12 * GB, cache_bytes=GB, pressure_percent=0.0)
FOUND = Circumstances(bytes=2 * GB, type="heap", backend="ipc", device="8:1", host=HOST)


def entry(pause: float, size: int = 2 * GB, medium: str = "disk", device: str = "8:1", type: str = "heap") -> Entry:
    return Entry("ipc", type, size, pause + 0.2, pause, medium, device, size, "8")


SLOW = (entry(20.0), entry(21.0), entry(19.0))
FAST = (entry(2.2), entry(2.3))


def test_first_dump_on_a_disk_goes_straight_to_it_and_says_why() -> None:
    choice = choose_medium(None, FOUND, ())
    assert (choice.medium, choice.reason) == (Medium.DISK, "nothing is known of this disk yet")
    assert choose_medium(None, FOUND, tuple(replace(e, device="8:16") for e in SLOW)) == choice


def test_slow_disk_is_spared_the_target_and_the_figures_are_told() -> None:
    choice = choose_medium(None, FOUND, SLOW)
    assert choice.medium is Medium.MEMORY
    assert "this disk took 101 MB a second at the last 3 captures, memory takes about 900 MB" in choice.reason


def test_disk_that_keeps_up_is_written_to() -> None:
    choice = choose_medium(None, FOUND, FAST)
    assert choice.medium is Medium.DISK
    assert "nothing is gained" in choice.reason


def test_memory_that_was_no_faster_here_is_not_used_again() -> None:
    slow_host = (entry(8.0), entry(7.5, medium="memory"))
    choice = choose_medium(None, FOUND, slow_host)
    assert choice.medium is Medium.DISK
    assert "memory took 272 MB" in choice.reason


def test_dump_that_the_page_cache_takes_needs_no_memory_of_its_own() -> None:
    choice = choose_medium(None, replace(FOUND, host=replace(HOST, cache_bytes=3 * GB)), SLOW)
    assert choice.medium is Medium.DISK
    assert "page cache has room for 3.0 GB" in choice.reason


def test_small_dump_goes_straight_to_disk() -> None:
    assert choose_medium(None, replace(FOUND, bytes=6_000_000), SLOW).medium is Medium.DISK


def test_smaller_dumps_that_the_cache_took_do_not_speak_for_a_large_one() -> None:
    small = tuple(entry(0.3, 100_000_000) for _ in range(9))
    assert choose_medium(None, FOUND, (*SLOW, *small)).medium is Medium.MEMORY


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": replace(HOST, available_bytes=3 * GB)}, "3.0 GB of memory available and 4.0 GB are asked for"),
        ({"host": replace(HOST, shared_bytes=GB)}, "1.0 GB free and 4.0 GB are asked for, twice the dump"),
        ({"host": replace(HOST, pressure_percent=7.5)}, "waited for it 7.5 % of the last minute"),
        ({"writer_room": GB, "writer": "the target"}, "the memory limit of the target leaves 1.0 GB"),
        ({"obstacle": "it sees other files"}, "it sees other files"),
        ({"taken_bytes": 18 * GB}, "22 GB are asked for, twice the dump and the others"),
    ],
)
def test_memory_that_is_needed_elsewhere_is_left_alone(changes: dict[str, object], words: str) -> None:
    found = replace(FOUND, **changes)  # type: ignore[arg-type]
    choice = choose_medium(None, found, SLOW)
    assert choice.medium is Medium.DISK
    assert words in choice.reason
    forced = choose_medium(Medium.MEMORY, found, SLOW)
    assert forced.is_refused
    assert words in forced.reason


def test_what_was_asked_for_is_done_whatever_the_history_says() -> None:
    assert choose_medium(Medium.DISK, FOUND, SLOW).medium is Medium.DISK
    choice = choose_medium(Medium.MEMORY, FOUND, FAST)
    assert (choice.medium, choice.is_refused, choice.reason) == (Medium.MEMORY, False, "it was asked for")


def test_kernel_that_tells_no_pressure_does_not_stand_in_the_way() -> None:
    assert choose_medium(None, replace(FOUND, host=replace(HOST, pressure_percent=None)), SLOW).medium is Medium.MEMORY
