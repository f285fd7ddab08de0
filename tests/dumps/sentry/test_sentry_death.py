"""Whoever dies, nobody is left standing still: octotui, the sentry, both at once, the keeper, a stopped octotui."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from catch_trials import OWNER, kill_series
from sentry_world import Children, Listening, key_of, kill, ours, program, state_of, until

from octotui.dumps.sentry import keeper
from octotui.dumps.sentry.keeper import MOST_HELD, Page
from octotui.processes.model import ProcessKey

PYTHON = sys.executable


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("who", ["octotui", "sentry", "both"])
async def test_after_a_sigkill_all_that_was_held_runs_again(who: str, home: Path) -> None:
    found = await kill_series(6, who, directory=home)
    assert (found.kills, found.left_stopped, found.dead) == (6, 0, 0)


async def test_octotui_lets_go_what_a_sentry_that_dies_had_held(ears: Listening, made: Children, home: Path) -> None:
    await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True)
    pid = made.start(program(home), "run").pid
    await ears.until("held", pid=pid)
    for child in children_of(ears.sentry.pid):
        # Without its keeper it is octotui alone that is left to do it.
        kill(child)
    kill(ears.sentry.pid)
    await ears.until("over")
    assert state_of(pid) != "T"
    assert [news["news"] for news in ears.heard[-3:]] == ["released", "died", "over"]
    assert ears.sentry.is_over
    ears.sentry.send({"do": "quit"})


async def test_a_keeper_that_dies_is_replaced_and_holds_go_on(ears: Listening, made: Children, home: Path) -> None:
    await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True)
    pid = made.start(program(home), "run").pid
    await ears.until("held", pid=pid)
    (first,) = children_of(ears.sentry.pid)
    kill(first)
    await until(lambda: children_of(ears.sentry.pid) not in ([first], []), "there is another keeper")
    await until(lambda: state_of(pid) == "T", "it stands still")
    (second,) = children_of(ears.sentry.pid)
    # The sentry is stuck from here on, and octotui says nothing: the new keeper knows of the hold.
    os.kill(ears.sentry.pid, signal.SIGSTOP)
    kill(ears.sentry.pid)
    await until(lambda: state_of(pid) != "T", "it runs again")
    await until(lambda: state_of(second) in ("", "Z"), "the keeper has ended")


async def test_octotui_that_is_suspended_holds_nobody(events: None, made: Children, home: Path) -> None:
    owner = made.start(PYTHON, "-I", OWNER, *ours())
    assert owner.stdout is not None
    await asyncio.to_thread(owner.stdout.readline)
    pid = made.start(program(home), "run").pid
    await until(lambda: state_of(pid) == "T", "it is held")
    os.kill(owner.pid, signal.SIGSTOP)
    await until(lambda: state_of(pid) != "T", "it runs again")
    later = made.start(program(home), "run").pid
    await asyncio.sleep(0.1)
    assert state_of(later) != "T"
    os.kill(owner.pid, signal.SIGCONT)

    def is_next_held() -> bool:
        pid = made.start(program(home), "run").pid
        time.sleep(0.05)
        return state_of(pid) == "T"

    await until(is_next_held, "holds go on with octotui")


async def test_a_keeper_that_is_stopped_does_not_keep_the_sentry_up(
    ears: Listening, made: Children, home: Path
) -> None:
    await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True)
    pid = made.start(program(home), "run").pid
    await ears.until("held", pid=pid)
    (kept,) = children_of(ears.sentry.pid)
    os.kill(kept, signal.SIGSTOP)
    await ears.stop()
    assert state_of(pid) != "T"
    assert state_of(kept) == ""


async def test_the_sentry_heeds_no_signal_of_a_terminal(ears: Listening, made: Children, home: Path) -> None:
    await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGQUIT):
        os.kill(ears.sentry.pid, number)
    pid = made.start(program(home), "run").pid
    await ears.until("held", pid=pid)
    assert os.getsid(ears.sentry.pid) == ears.sentry.pid


def test_the_keeper_lets_go_what_is_overdue_and_spares_who_took_over_a_pid(
    home: Path, made: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, early, other = (made.start(program(home), "run").pid for _ in range(3))
    for pid in (late, early, other):
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
    page = Page()
    page.add(key_of(late), 0.0)
    page.add(key_of(early), 1e12)
    page.add(ProcessKey(other, key_of(other).started - 1), 0.0)
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.001)
    reading, writing = os.pipe()
    seen: list[str] = []

    class Pipe:
        """Closes after the first look."""

        def register(self, *_: object) -> None: ...

        def poll(self, _: float) -> bool:
            seen.append(state_of(early))
            return len(seen) > 1

    monkeypatch.setattr(keeper.select, "poll", Pipe)
    keeper.keep(reading, page)
    os.close(reading)
    os.close(writing)
    assert seen == ["T", "T"]
    assert [state_of(pid) == "T" for pid in (late, early, other)] == [False, False, True]


def test_a_page_that_is_full_takes_no_more_and_forgets_who_left() -> None:
    page = Page()
    keys = [ProcessKey(number, 1) for number in range(1, MOST_HELD + 2)]
    assert [page.add(key, 1.0) for key in keys].count(False) == 1
    assert page.add(keys[0], 9.0)
    page.remove(keys[1])
    assert page.add(keys[-1], 1.0)
    held = dict(page.held())
    assert held[keys[0]] == 9.0
    assert keys[1] not in held
    assert len(held) == MOST_HELD
