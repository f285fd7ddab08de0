"""Live counters in the details: opened with the pane, closed with it, never two at a time, and honest about silence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui_fakes import BOOTSTRAP, CALAMARI, INIT, TENTACLE, FakeHost, sample
from ui_screen import check_frame, frame, next_sample, screen, until
from ui_stacks import ScriptedObserver, reading

from octotui.config import Settings
from octotui.dotnet.counters.model import CounterReading
from octotui.errors import DiagnosticsError, Refused
from octotui.processes.model import ProcessKey
from octotui.ui.absent import NoObserver
from octotui.ui.lines.cells import line_text, line_width
from octotui.ui.lines.counters import Live, counter_lines
from octotui.ui.lines.glyphs import ASCII, UNICODE


def sessions(host: FakeHost) -> list[ProcessKey]:
    return host.observer.open_sessions


async def test_the_wide_pane_shows_what_the_runtime_says_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    async with screen(host, 160, 45) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        for cpu in (12.5, 50.0):
            host.observer.readings.put_nowait(reading(cpu_usage=cpu))
        await until(pilot, lambda: "All CPUs     50.0 %" in frame(app))
        pane = app.processes.detail_view.text()
        assert "0: 6.0 MB, 1: 1.0 MB, 2: 30 MB, large: 11 MB" in " ".join(pane.split())
        for words in (
            "GC heap      48 MB", "Allocates    1.9 MB/s", "Time in GC   3.0 %", "Pool threads 12", "Pool queue   3",
            "Lock waits   2 /s", "Exceptions   1 /s",
            "asked every 2 s, ~0.2 % of a core",
        ):  # fmt: skip
            assert words in pane
        strip = next(line for line in pane.splitlines() if line.startswith("All CPUs"))
        assert strip.rstrip()[-1] in "▄▅"


async def test_the_details_screen_of_a_small_terminal_shows_them_too() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.pause()
        assert host.observer.asked == [], "without a pane nothing is asked"
        await pilot.press("enter")
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        host.observer.readings.put_nowait(reading())
        await until(pilot, lambda: "GC heap" in frame(app))
        assert "Working set  325 MB" in app.screen.text()  # type: ignore[attr-defined]
        check_frame("counters_80x24", frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: sessions(host) == [])


async def test_nothing_is_asked_before_the_cursor_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.ui.counting.REST_SECONDS", 3600.0)
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        await pilot.press("j", "j")
        await pilot.pause(0.05)
        assert host.observer.asked == []
        monkeypatch.setattr("octotui.ui.counting.REST_SECONDS", 0.0)
        app.processes.table.move_to_key(CALAMARI.key)
        app.processes.table.move_to_key(TENTACLE.key)
        await until(pilot, lambda: sessions(host) == [TENTACLE.key])


async def test_the_session_goes_with_the_cursor_and_there_is_never_more_than_one() -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        for info in (CALAMARI, TENTACLE, CALAMARI):
            app.processes.table.move_to_key(info.key)
            await until(pilot, lambda info=info: sessions(host) == [info.key])  # type: ignore[misc]
        app.processes.table.move_to_key(BOOTSTRAP.key)
        await until(pilot, lambda: sessions(host) == [])
        assert ".NET, live" not in app.processes.detail_view.text(), "a bash has no runtime"


@pytest.mark.parametrize("keys", [("2",), ("3",), ("s",), ("e",), ("L",)])
async def test_a_screen_over_the_pane_ends_the_session_and_the_way_back_opens_it_again(keys: tuple[str, ...]) -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        await pilot.press(*keys)
        if app.screen is app.processes:
            return
        await until(pilot, lambda: sessions(host) == [])
        await pilot.press("escape")
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])


async def test_a_terminal_that_gets_narrow_loses_the_pane_and_its_session() -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: sessions(host) == [])


async def test_from_the_pane_to_the_details_it_is_the_same_session() -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        host.observer.readings.put_nowait(reading())
        await until(pilot, lambda: "GC heap" in frame(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is not app.processes)
        await pilot.pause(0.1)
        assert "GC heap" in app.screen.text()  # type: ignore[attr-defined]
        assert sum(what == "counters" and key == CALAMARI.key for what, key in host.observer.asked) == 1


async def test_quitting_leaves_no_session() -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)
        assert sessions(host) == [] and host.observer.is_closed


async def test_the_session_is_ended_before_the_program_stands_still_and_opened_again_after() -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        await app.program.end_conversations()
        assert sessions(host) == []
        app.processes.redraw()
        await pilot.pause(0.05)
        assert sessions(host) == []
        app.program.resumed()
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])


async def test_a_capture_of_the_process_is_waited_for_and_that_is_said() -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        host.observer.readings.put_nowait(reading())
        await until(pilot, lambda: "GC heap" in frame(app))
        host.observer.busy = "a capture"
        app.processes.show_details()
        await until(pilot, lambda: "waits for a capture" in frame(app))
        assert "GC heap" in frame(app), "what was known stays"


async def test_one_that_is_stopped_says_so_and_is_asked_again_when_it_may_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.ui.counting.AGAIN_SECONDS", 0.01)
    host = FakeHost()
    async with screen(host, 160, 45) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        host.observer.readings.put_nowait(Refused("process 14220 is stopped", hint="kill -CONT 14220"))
        await until(pilot, lambda: host.observer.asked.count(("counters", CALAMARI.key)) == 2)
        host.observer.readings.put_nowait(reading())
        await until(pilot, lambda: "GC heap" in frame(app))


async def test_one_that_does_not_answer_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.ui.counting.AGAIN_SECONDS", 0.0)
    host = FakeHost()
    async with screen(host, 160, 45) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        host.observer.readings.put_nowait(DiagnosticsError("process 14220 gave no answer", hint="octotui dump 14220"))
        await until(pilot, lambda: "process 14220 gave no answer" in frame(app))
        assert "→ octotui dump 14220" in frame(app)
        await pilot.pause(0.1)
        assert host.observer.asked.count(("counters", CALAMARI.key)) == 1


async def test_a_process_that_ends_takes_its_session_along() -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: sessions(host) == [CALAMARI.key])
        host.samples = [sample((INIT, TENTACLE), ghosts=(CALAMARI,), monotonic=1016.0)]
        await next_sample(app, pilot)
        await until(pilot, lambda: sessions(host) == [])
        assert ".NET, live" not in app.processes.detail_view.text()


async def test_read_only_opens_no_session_and_says_so() -> None:
    host = FakeHost(settings=Settings(interval_seconds=60.0, read_only=True))
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await until(pilot, lambda: "read-only: no session is opened" in frame(app))
        assert host.observer.asked == []


async def test_the_observer_of_a_replay_refuses_every_question() -> None:
    observer, key = NoObserver(), CALAMARI.key
    with pytest.raises(Refused, match="no runtime can be asked"):
        await observer.look(key)
    with pytest.raises(Refused, match="replay"):
        async for _ in observer.counters(key):
            raise AssertionError("a replay has no figures")
    with pytest.raises(Refused):
        await observer.heap_plan(key)
    assert observer.conversations.busy_with(key) == ""


def texts(live: Live, width: int = 54) -> str:
    return "\n".join(line_text(line).rstrip() for line in counter_lines(live, width, UNICODE))


def test_silence_is_said_and_does_not_pass_for_figures() -> None:
    assert "waiting for the first figures" in texts(Live())
    at = ((100.0, reading()),)
    assert "no figures" not in texts(Live(at, 103.0))
    assert "no figures for 12 s" in texts(Live(at, 112.0))


def test_what_an_old_runtime_does_not_tell_is_left_out() -> None:
    old = CounterReading(0.0, 1.0, {"cpu-usage": 3.0, "gc-heap-size": 2.0})
    shown = texts(Live(((1.0, old),), 1.0))
    assert "All CPUs" in shown and "Pool" not in shown and "Generations" not in shown


def test_a_rate_is_by_the_second_whatever_the_interval() -> None:
    slow = replace(reading(exception_count=10.0), interval_seconds=2.0)
    assert "Exceptions   5 /s" in texts(Live(((1.0, slow),), 1.0))


def test_no_figure_touches_its_label_or_its_strip() -> None:
    """The largest that come: a terabyte, hundred per cent, a million a second."""
    large = reading(
        cpu_usage=100.0, gc_heap_size=999_400.0, alloc_rate=999.4e9, threadpool_queue_length=9_999_999.0,
        exception_count=999_999.0,
    )  # fmt: skip
    for line in texts(Live(((1.0, large),), 1.0), 80).splitlines()[1:9]:
        assert line[12] == " " and line[22] == " ", line


FIGURES = st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=1e15)


@given(st.dictionaries(st.sampled_from(sorted(reading().values)), FIGURES), st.integers(1, 120), st.booleans())
def test_lines_of_counters_fit_any_width(values: dict[str, float], width: int, is_short: bool) -> None:
    live = Live(((0.0, reading()), (1.0, CounterReading(1.0, 1.0, values))), 1.5, waits_for="a capture")
    for glyphs in (UNICODE, ASCII):
        lines = counter_lines(live, width, glyphs, is_short=is_short)
        assert all(line_width(line) <= max(width, 24) for line in lines)


def test_the_scripted_observer_has_what_the_port_asks_for() -> None:
    assert {name for name in vars(NoObserver) if not name.startswith("_")} <= set(dir(ScriptedObserver()))
