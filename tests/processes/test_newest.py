"""New process ids by the kernel's own counter: steps, wrap-around, bounds, and files that cannot be trusted."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from octotui.processes.newest import NewestPid, is_thread

LIMIT = 1000


class Counter:
    """A proc file system with the two files that are read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "sys/kernel").mkdir(parents=True)
        (root / "sys/kernel/pid_max").write_text(f"{LIMIT}\n")
        self.hand_out(500)

    def hand_out(self, pid: int | str) -> None:
        (self.root / "loadavg").write_text(f"0.00 0.01 0.05 2/150 {pid}\n")


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


@pytest.fixture
def newest(counter: Counter) -> Iterator[NewestPid]:
    with NewestPid(counter.root, most=50) as newest:
        yield newest


def test_nothing_new_is_nothing_to_try(newest: NewestPid) -> None:
    assert newest.appeared() == ()


def test_what_was_handed_out_since_is_told_at_two_looks_and_then_no_more(counter: Counter, newest: NewestPid) -> None:
    counter.hand_out(503)
    assert newest.appeared() == (501, 502, 503)
    counter.hand_out(504)
    assert newest.appeared() == (501, 502, 503, 504)
    assert newest.appeared() == (504,)
    assert newest.appeared() == ()


def test_ids_that_begin_anew_are_followed_round(counter: Counter, newest: NewestPid) -> None:
    counter.hand_out(997)
    newest.appeared()
    newest.appeared()
    counter.hand_out(302)
    assert newest.appeared() == (998, 999, 300, 301, 302)


@pytest.mark.parametrize(("last", "new"), [(500, 551), (970, 330)])
def test_more_than_is_worth_trying_asks_for_a_full_listing_once(
    last: int, new: int, counter: Counter, newest: NewestPid
) -> None:
    counter.hand_out(last)
    newest.appeared()
    newest.appeared()
    counter.hand_out(new)
    assert newest.appeared() is None
    counter.hand_out(new + 1)
    assert newest.appeared() == (new + 1,)


@pytest.mark.parametrize(("last", "new"), [(500, 550), (975, 324)])
def test_as_many_as_are_worth_trying_are_told(last: int, new: int, counter: Counter, newest: NewestPid) -> None:
    counter.hand_out(last)
    newest.appeared()
    newest.appeared()
    counter.hand_out(new)
    assert len(newest.appeared() or ()) in range(49, 51)


@pytest.mark.parametrize("content", ["", "x", "-4", "0", "9" * 200])
def test_a_counter_that_makes_no_sense_asks_for_a_full_listing_until_it_does(
    content: str, counter: Counter, newest: NewestPid
) -> None:
    counter.hand_out(content)
    assert newest.appeared() is None
    counter.hand_out(40)
    assert newest.appeared() is None
    assert newest.appeared() == ()


def test_a_step_back_that_is_no_wrap_asks_for_a_full_listing(counter: Counter, newest: NewestPid) -> None:
    for last, new in ((990, 20), (1200, 310)):
        counter.hand_out(last)
        newest.appeared()
        counter.hand_out(new)
        assert newest.appeared() is None


def test_a_limit_that_cannot_be_read_asks_for_a_full_listing(counter: Counter, newest: NewestPid) -> None:
    (counter.root / "sys/kernel/pid_max").unlink()
    counter.hand_out(310)
    assert newest.appeared() is None


def test_without_the_file_and_after_close_a_full_listing_is_asked_for(tmp_path: Path, counter: Counter) -> None:
    with NewestPid(tmp_path / "nothing") as newest:
        assert newest.appeared() is None
    newest = NewestPid(counter.root)
    newest.close()
    newest.close()
    assert newest.appeared() is None


def test_load_averages_that_a_container_runtime_put_over_the_real_ones_are_not_believed(counter: Counter) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == counter.root.stat().st_dev:
        pytest.skip("no second file system to take a file from")
    covering = other / f"octotui-test-{os.getpid()}-loadavg"
    try:
        covering.write_text("0.00 0.01 0.05 2/150 500\n")
        (counter.root / "loadavg").unlink()
        (counter.root / "loadavg").symlink_to(covering)
        with NewestPid(counter.root) as newest:
            assert newest.appeared() is None
    finally:
        covering.unlink()


def test_looking_leaves_no_descriptor_behind(counter: Counter) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with NewestPid(counter.root) as newest:
        newest.appeared()
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_real_child_is_among_the_candidates_and_so_is_a_thread_which_is_told_apart() -> None:
    with NewestPid(most=30_000) as newest:
        child = subprocess.Popen(["sleep", "60"])
        leave = threading.Event()
        thread = threading.Thread(target=leave.wait)
        thread.start()
        try:
            candidates = newest.appeared()
            if candidates is None:
                pytest.skip("the ids of this container are not the kernel's")
            assert {child.pid, thread.native_id} <= set(candidates)
            assert is_thread(Path(f"/proc/{thread.native_id}/stat").read_bytes())
            assert not is_thread(Path(f"/proc/{child.pid}/stat").read_bytes())
        finally:
            leave.set()
            thread.join()
            child.kill()
            child.wait()


@pytest.mark.parametrize("stat", [b"", b"5 (a) S 1", b"5 (a) " + b"1 " * 35])
def test_a_stat_that_is_not_whole_is_not_called_a_thread(stat: bytes) -> None:
    assert not is_thread(stat)
