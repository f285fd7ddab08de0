"""How often young processes are looked at: at once where there are few, at a bounded price where there are hundreds."""

from __future__ import annotations

import pytest

from octotui.dumps.sentry import readiness
from octotui.dumps.sentry.loop import Callback, Timer
from octotui.dumps.sentry.readiness import QUICK_SECONDS, Readiness
from octotui.processes.model import ProcessKey


class Clock:
    """Time that passes when the timer that is due next is called."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[Timer] = []

    def monotonic(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callback) -> Timer:
        self._timers.append(Timer(self.now + seconds, call))
        return self._timers[-1]

    def run(self, until: float) -> int:
        """How many timers were called."""
        calls = 0
        while self._timers:
            self._timers = sorted((t for t in self._timers if t.call is not None), key=lambda timer: timer.due)
            if not self._timers or self._timers[0].due > until:
                break
            timer = self._timers.pop(0)
            self.now = max(self.now, timer.due)
            assert timer.call is not None
            timer.call()
            calls += 1
        return calls


@pytest.mark.parametrize(("waiting", "least", "most"), [(1, 190, 210), (400, 1500, 2500)])
def test_a_storm_of_processes_that_never_get_a_runtime_is_looked_at_for_a_bounded_price(
    waiting: int, least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, looked = Clock(), []
    monkeypatch.setattr(readiness, "time", clock)
    monkeypatch.setattr(readiness._Start, "is_ready", lambda start, now: looked.append(start.key) or False)
    waits = Readiness(clock, lambda _: None)  # type: ignore[arg-type]
    for pid in range(1, waiting + 1):
        waits.wait_for(ProcessKey(pid, 1))
        clock.run(pid / 100_000)
    began = len(looked)
    calls = clock.run(clock.now + 1.0)
    assert least <= len(looked) - began <= most
    assert calls <= 1.1 / QUICK_SECONDS
    assert set(looked[began:]) == {ProcessKey(pid, 1) for pid in range(1, waiting + 1)}
