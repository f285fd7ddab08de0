"""Stacks of a live process on the screen: a look at once, folds, search, text, repeated looks, what went wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from ui_fakes import BOOTSTRAP, CALAMARI, INIT, SCRIPT, TENTACLE, FakeHost, sample
from ui_screen import check_frame, frame, next_sample, screen, until
from ui_stacks import CORE, MAIN, SLEEP, TAKEN_AT, WORK, FakeAnalyses, look, thread

from octotui.config import Settings
from octotui.dotnet.stacks.model import Activity, Frame
from octotui.errors import AccessDenied, DiagnosticsError, OctotuiError, ProcessGone, Refused, StoreError
from octotui.ui.app import OctotuiApp
from octotui.ui.screens.stacks import StacksScreen


def stacks(app: OctotuiApp) -> StacksScreen:
    assert isinstance(app.screen, StacksScreen)
    return app.screen


async def opened(app: OctotuiApp, pilot: Pilot[int]) -> StacksScreen:
    app.processes.table.move_to_key(CALAMARI.key)
    await pilot.press("s")
    await until(pilot, lambda: isinstance(app.screen, StacksScreen) and not app.screen.is_at_work)
    return stacks(app)


def joined(text: str) -> str:
    """As it is read: what was wrapped is one sentence again."""
    return " ".join(text.replace("▌", " ").split())


@pytest.mark.parametrize(("width", "height"), [(160, 45), (80, 24), (60, 15), (40, 10)])
async def test_s_shows_which_threads_run_and_where(width: int, height: int) -> None:
    async with screen(FakeHost(), width, height) as (app, pilot):
        await opened(app, pilot)
        check_frame(f"stacks_{width}x{height}", frame(app))


async def test_holder_waiter_and_main_stand_on_one_screen_of_80_by_24() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await opened(app, pilot)
        shown = frame(app)
        for words in ("14220 Calamari", "14231 holder", "14232 waiter", "Journal.Hold", "Journal.WaitForLock"):
            assert words in shown


async def test_in_ascii_the_stacks_are_ascii() -> None:
    async with screen(FakeHost(settings=Settings(interval_seconds=60.0, ascii=True))) as (app, pilot):
        await opened(app, pilot)
        shown = frame(app)
        assert shown.isascii()
        check_frame("stacks_80x24_ascii", shown)


async def test_without_colour_they_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async with screen(FakeHost()) as (app, pilot):
        await opened(app, pilot)
        coloured = frame(app)
    monkeypatch.setenv("NO_COLOR", "1")
    async with screen(FakeHost()) as (app, pilot):
        await opened(app, pilot)
        assert frame(app) == coloured


async def test_the_screen_opens_before_the_look_is_there_and_says_what_it_waits_for() -> None:
    host = FakeHost()
    host.observer.gate, host.observer.waits = asyncio.Event(), "waits for a capture of process 14220 to end"
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("s")
        await until(pilot, lambda: "a capture of process 14220" in frame(app))
        assert "looking… 0" in frame(app) and "looking…" in frame(app).splitlines()[0]
        host.observer.gate.set()
        await until(pilot, lambda: "holder" in frame(app))
        assert "a capture" not in frame(app) and "10:15:02" in frame(app).splitlines()[0]


async def test_one_that_does_not_answer_is_told_apart_from_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.ui.lines.stacks.SLOW_SECONDS", 0.0)
    host = FakeHost()
    host.observer.gate = asyncio.Event()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("s")
        await until(pilot, lambda: "stuck in its runtime never does" in joined(frame(app)))


@pytest.mark.parametrize("key", ["escape", "q", "1"])
async def test_leaving_ends_the_look(key: str) -> None:
    host = FakeHost()
    host.observer.gate = asyncio.Event()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("s")
        await until(pilot, lambda: bool(host.observer.asked))
        await pilot.press(key)
        await until(pilot, lambda: app.screen is app.processes)
        await until(pilot, lambda: host.observer.cancelled == ["look"])


async def test_quitting_in_a_look_ends_it_and_closes_the_observer() -> None:
    host = FakeHost()
    host.observer.gate = asyncio.Event()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("s")
        await until(pilot, lambda: bool(host.observer.asked))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code == 0)
    assert host.observer.cancelled == ["look"] and host.observer.is_closed


async def test_before_the_program_stands_still_a_look_is_ended() -> None:
    host = FakeHost()
    host.observer.gate = asyncio.Event()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("s")
        await until(pilot, lambda: bool(host.observer.asked))
        await app.program.end_conversations()
        assert host.observer.cancelled == ["look"] and not stacks(app).is_at_work


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            DiagnosticsError("process 14220 gave no stacks within 10 s", hint="take a dump: octotui dump 14220"),
            (
                "Process 14220 gave no stacks within 10 s",
                "→ take a dump: octotui dump 14220",
                "Esc and then D captures",
            ),
        ),
        (Refused("it is stopped", hint="kill -CONT 14220"), ("It is stopped", "→ kill -CONT 14220", "r looks again")),
        (AccessDenied("it runs as another user", hint="sudo octotui"), ("another user", "→ sudo octotui")),
        (ProcessGone("process 14220 has ended"), ("Process 14220 has ended", "r looks again")),
    ],
)
async def test_what_speaks_against_a_look_stands_in_its_place_with_the_next_step(
    error: OctotuiError, words: tuple[str, ...]
) -> None:
    host = FakeHost()
    host.observer.error = error
    async with screen(host) as (app, pilot):
        await opened(app, pilot)
        shown = joined(frame(app))
        assert [one for one in words if one not in shown] == []
        host.observer.error = None
        await pilot.press("r")
        await until(pilot, lambda: "holder" in frame(app))


async def test_a_look_that_fails_leaves_the_one_before_in_sight() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await opened(app, pilot)
        host.observer.error = Refused("it is stopped", hint="kill -CONT 14220")
        await pilot.press("r")
        await until(pilot, lambda: "It is stopped" in frame(app))
        assert "14231 holder" in frame(app)


def deep(count: int = 60) -> FakeHost:
    """Two threads that share their outermost frames, one of which is far down."""
    host = FakeHost()
    tail = tuple(Frame(CORE, f"System.Step{number}.Run") for number in range(count))
    host.observer.looks = [look(CALAMARI.key, (thread(1, "a", (SLEEP, *tail)), thread(2, "b", (MAIN, *tail))))]
    return host


async def test_shared_frames_are_folded_and_a_key_shows_them() -> None:
    async with screen(deep(8)) as (app, pilot):
        found = await opened(app, pilot)
        assert frame(app).count("▸ 8 more down to") == 2 and "System.Step3.Run" not in frame(app)
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing is folded here" in frame(app))
        while found.listing.cursor_item.text != str(MAIN):
            await pilot.press("j")
        for key, count in (("enter", 1), ("left", 0), ("right", 1), ("space", 0)):
            await pilot.press(key)
            await until(pilot, lambda: frame(app).count("System.Step3.Run") == count)  # noqa: B023 - awaited at once
            assert frame(app).count("8 more down") == 2 - count


async def test_a_search_opens_the_fold_that_has_it_and_goes_around() -> None:
    async with screen(deep()) as (app, pilot):
        found = await opened(app, pilot)
        await pilot.press("slash", *"step45.", "enter")
        await until(pilot, lambda: found.listing.cursor_item.text.endswith("System.Step45.Run"))
        first = found.listing.cursor
        assert "▌    System.Private.CoreLib!System.Step45.Run" in frame(app)
        await pilot.press("n")
        await until(pilot, lambda: found.listing.cursor > first and "Place 2 of 2" in frame(app))
        await pilot.press("n")
        await until(pilot, lambda: found.listing.cursor == first and "Place 1 of 2" in frame(app))
        await pilot.press("N")
        await until(pilot, lambda: "Place 2 of 2" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: "The search is cleared" in frame(app) and frame(app).count("60 more down") == 2)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.processes)


async def test_a_search_that_is_abandoned_leaves_all_as_it_was() -> None:
    async with screen(deep()) as (app, pilot):
        found = await opened(app, pilot)
        await pilot.press("j", "slash", *"nowhere")
        await until(pilot, lambda: 'Nothing has "nowhere" in it' in frame(app))
        await pilot.press("escape")
        await pilot.pause()
        assert found.needle == "" and found.listing.cursor == 1 and app.screen is found
        await pilot.press("n")
        await until(pilot, lambda: "Nothing is searched for; / does" in frame(app))


async def test_typing_that_comes_with_the_key_is_searched_for_and_runs_nothing() -> None:
    async with screen(FakeHost()) as (app, pilot):
        found = await opened(app, pilot)
        for key in ("/", "q", "W"):
            await app.on_event(_key(key))
        await until(pilot, lambda: found.needle == "qW")
        assert app.screen is found


def _key(character: str):  # type: ignore[no-untyped-def]
    from textual.events import Key

    return Key({"/": "slash"}.get(character, character), character)


async def test_the_line_under_the_cursor_is_told_in_full_when_it_was_cut() -> None:
    async with screen(FakeHost(), 60, 24) as (app, pilot):
        found = await opened(app, pilot)
        while "InnerInvoke" not in found.listing.cursor_item.text:
            await pilot.press("j")
        whole = str(WORK[1])
        assert whole not in joined(found.listing.text())
        assert whole.replace(" ", "") in joined(frame(app)).replace(" ", "")


async def test_y_copies_the_whole_look_and_says_how_much() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("y")
        await pilot.pause()
        lines = app.clipboard.splitlines()
        assert lines[0] == "Stacks of Calamari 14220, 10:15:02"
        assert f"    {WORK[-1]}" in lines and "14242 .NET TP Worker" in app.clipboard, "nothing is folded"
        assert f"Copied {len(lines)} lines" in frame(app)


async def test_threads_without_managed_frames_take_one_line_until_they_are_asked_for() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("G")
        await until(pilot, lambda: "▌▸ 2 threads without managed frames: 14221 .NET SynchManag" in frame(app))
        await pilot.press("enter", "G")
        await until(pilot, lambda: "14222 .NET SigHandler: state S" in frame(app))


async def test_three_looks_count_down_and_mark_what_moved_and_what_stood_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("octotui.ui.screens.stacks.APART_SECONDS", 0.05)
    host = FakeHost()
    still = thread(1, "still", (SLEEP, MAIN))
    for number in range(3):
        moving = thread(2, "moving", (Frame("A", f"A.Step{number}"), MAIN), activity=Activity.MANAGED, state="R")
        host.observer.looks.append(look(CALAMARI.key, (still, moving), at=TAKEN_AT + 5 * number))
    host.observer.looks.insert(0, host.observer.looks[0])
    async with screen(host) as (app, pilot):
        found = await opened(app, pilot)
        await pilot.press("R")
        await until(pilot, lambda: len(found.looks) == 3 and not found.is_at_work)
        shown = joined(frame(app))
        assert "10:15:02 to 10:15:12" in shown and "0.11 s, the last of 3" in shown
        assert "stood still in all 3 looks" in shown and "moved inside Calamari!Calamari.Program.Main" in shown
        await pilot.press("r")
        await until(pilot, lambda: len(found.looks) == 1)
        assert "stood still in" not in frame(app)


async def test_escape_ends_repeated_looks_first_and_leaves_then() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        found = await opened(app, pilot)
        await pilot.press("R")
        await until(pilot, lambda: "1 of 3 looks, the next in " in frame(app).splitlines()[0])
        await pilot.press("r")
        await until(pilot, lambda: "It is being looked at already; Esc stops that" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: not found.is_at_work and "Stopped after 1 of 3 looks" in frame(app))
        assert "14231 holder" in frame(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.processes)
        assert len(host.observer.asked) == 2


async def test_names_of_code_that_came_later_are_asked_for_by_the_next_look() -> None:
    host = FakeHost()
    asked: list[bool] = []
    plain = host.observer.look

    async def looked(key, *, fresh_names=False, **more):  # type: ignore[no-untyped-def]
        asked.append(fresh_names)
        return replace(await plain(key, **more), unnamed_frames=1)

    host.observer.look = looked  # type: ignore[method-assign]
    async with screen(host) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("r")
        await until(pilot, lambda: asked == [False, True])


async def test_w_writes_the_analysis_of_the_tree_and_says_where() -> None:
    async with screen(FakeHost()) as (app, pilot):
        app.processes.analyses = analyses = FakeAnalyses()
        await opened(app, pilot)
        await pilot.press("W")
        await until(pilot, lambda: "Written: the analysis of 2 processes" in frame(app))
        assert analyses.keys == (CALAMARI.key, SCRIPT.key)
        assert all(str(path) in frame(app) for path in analyses.paths)
        analyses.error = StoreError("there is no room on the disk", hint="free some")
        await pilot.press("W")
        await until(pilot, lambda: "there is no room on the disk" in frame(app) and "free some" in frame(app))


async def test_read_only_looks_but_writes_no_files() -> None:
    async with screen(FakeHost(settings=Settings(interval_seconds=60.0, read_only=True))) as (app, pilot):
        app.processes.analyses = analyses = FakeAnalyses()
        await opened(app, pilot)
        await pilot.press("W")
        await pilot.pause()
        assert "Read-only" in frame(app) and "y copies the text" in frame(app) and analyses.keys == ()


async def test_the_stacks_of_a_bash_are_those_of_the_dotnet_processes_below_it() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(TENTACLE.key)
        await pilot.press("s")
        await until(pilot, lambda: "1 of 2 (Tab)" in frame(app) and "holder" in frame(app))
        assert "Stacks of Tentacle 812" in frame(app)
        await pilot.press("tab")
        await until(pilot, lambda: "Stacks of Calamari 14220  2 of 2" in frame(app))
        await pilot.press("shift+tab")
        await until(pilot, lambda: "Stacks of Tentacle 812  1 of 2" in frame(app))
        assert [key for _, key in host.observer.asked] == [TENTACLE.key, CALAMARI.key], "what was seen stays"
        await pilot.press("escape")
        app.processes.table.move_to_key(BOOTSTRAP.key)
        await pilot.press("s")
        await until(pilot, lambda: "Stacks of Calamari 14220" in frame(app))
        await pilot.press("tab")
        await until(pilot, lambda: "It is the only .NET process of its tree" in frame(app))


async def test_a_tree_without_dotnet_says_so_and_asks_nobody() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(SCRIPT.key)
        await pilot.press("s")
        assert app.processes.message == "pwsh 14233 is not .NET, nor is anything below it: no stacks to read"
        assert host.observer.asked == []


async def test_one_that_has_ended_has_nothing_to_ask() -> None:
    host = FakeHost(sample((INIT, TENTACLE), ghosts=(CALAMARI,)))
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("s")
        assert app.processes.message == "Calamari 14220 has ended; there is nothing left to ask"


async def test_a_process_that_ends_under_its_stacks_keeps_the_last_ones() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await opened(app, pilot)
        host.samples = [sample((INIT, TENTACLE), ghosts=(CALAMARI,), monotonic=1016.0)]
        await next_sample(app, pilot)
        await until(pilot, lambda: "ended 4 s ago" in frame(app).splitlines()[0])
        assert "14231 holder" in frame(app)


async def test_the_details_lead_to_the_stacks_and_back() -> None:
    async with screen(FakeHost()) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("enter")
        await until(pilot, lambda: "s Stacks" in frame(app))
        await pilot.press("s")
        await until(pilot, lambda: "14231 holder" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Last two minutes" in frame(app))


async def test_a_key_of_the_config_opens_the_stacks_and_hints_name_the_keys_in_force() -> None:
    from octotui.configfile import KeySetting

    keys = tuple(KeySetting(name, (key,), "config.toml") for name, key in (("show-stacks", "f9"), ("look-again", "z")))
    async with screen(FakeHost(settings=Settings(interval_seconds=60.0, keys=keys))) as (app, pilot):
        assert "F9 Stacks" in frame(app)
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("f9")
        await until(pilot, lambda: "z Look again" in frame(app))
