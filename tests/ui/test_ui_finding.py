"""Finding a process: wrong filters where they stand, matches alone, pids typed as digits, kernel threads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual import events
from ui_fakes import BOOTSTRAP, CALAMARI, INIT, SCRIPT, SHELL, TENTACLE, FakeHost, process, sample, usual_sample
from ui_screen import frame, screen, until

from octotui.config import Settings
from octotui.ui.app import OctotuiApp
from octotui.ui.screens.dumps import DumpsScreen

EVERYTHING = Settings(interval_seconds=60.0, scope="everything")
KTHREADD = replace(process(2, 0, ["kthreadd"], age=1_000_000), is_kernel=True, argv=())
BASH = process(5000, 4100, ["/bin/bash"], age=60)


def pids(app: OctotuiApp) -> list[int]:
    return [row.process.pid for row in app.processes.table.rows]


def marked_part(app: OctotuiApp) -> str:
    """What stands reversed and underlined in the filter line."""
    strip = app.processes.filter_bar.input.render_line(0)
    return "".join(part.text for part in strip if part.style and part.style.underline)


async def test_the_wrong_part_of_a_filter_is_marked_where_it_stands_and_the_rows_stay() -> None:
    async with screen(FakeHost()) as (app, pilot):
        before = pids(app)
        await pilot.press("slash")
        app.processes.filter_bar.input.value = "calamari cpu>x pwsh"
        await pilot.pause()
        assert marked_part(app) == "cpu>x" and pids(app) != []
        assert "cpu> needs a number: cpu>5" in frame(app)
        app.processes.filter_bar.input.value = "calamari cpu>5"
        await pilot.pause()
        assert marked_part(app) == "" and "1 match: " in app.processes.message
        await pilot.press("escape")
        await pilot.pause()
        assert pids(app) == before


@pytest.mark.parametrize("ending", ["", "\r"])
async def test_text_that_arrives_in_one_go_with_the_slash_is_no_action(ending: str) -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        for character in f"/pwsh{ending}":
            key = {"/": "slash", "\r": "enter"}.get(character, character)
            app.post_message(events.Key(key, character))
        await until(pilot, lambda: app.processes.model.state.filter.text == "pwsh")
        await pilot.pause()
        assert app.processes.model.freeze is None and app.screen is app.processes
        assert app.processes.filter_bar.has_class("-open") is not bool(ending)
        if not ending:
            await pilot.press("space", "x")
            assert app.processes.filter_bar.input.value == "pwsh x"


async def test_figures_find_processes_and_their_families() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("slash")
        app.processes.filter_bar.input.value = "cpu>5 mem>1g age<5m"
        await pilot.pause()
        assert pids(app) == [INIT.pid, TENTACLE.pid, BOOTSTRAP.pid, CALAMARI.pid, SCRIPT.pid]
        assert [row.is_context for row in app.processes.table.rows] == [True, True, True, False, False]


async def test_a_shows_the_matches_alone_or_what_is_below_them_too() -> None:
    async with screen(FakeHost(settings=Settings(interval_seconds=60.0, filter="run-script"))) as (app, pilot):
        assert SCRIPT.pid in pids(app)
        await pilot.press("a")
        assert pids(app) == [INIT.pid, TENTACLE.pid, BOOTSTRAP.pid, CALAMARI.pid]
        assert "alone" in app.processes.message
        await pilot.press("a")
        assert SCRIPT.pid in pids(app)
        await pilot.press("escape", "a")
        assert "/ sets a filter" in app.processes.message


async def test_no_match_is_folded_away_and_the_folds_come_back_with_the_filter_cleared() -> None:
    async with screen(FakeHost(settings=EVERYTHING)) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("h")
        folded = app.processes.model.state.folded
        assert SCRIPT.pid not in pids(app)
        await pilot.press("slash", *"pwsh", "enter")
        await pilot.pause()
        assert app.processes.table.cursor_key == SCRIPT.key
        await pilot.press("escape")
        assert app.processes.model.state.folded == folded and SCRIPT.pid not in pids(app)


async def test_branches_without_octopus_start_folded_and_stay_as_a_person_left_them() -> None:
    host = FakeHost(sample((INIT, TENTACLE, SHELL, BASH, BOOTSTRAP, CALAMARI, SCRIPT)), settings=EVERYTHING)
    async with screen(host) as (app, pilot):
        table = app.processes.table
        assert BASH.pid not in pids(app) and SCRIPT.pid in pids(app)
        table.move_to_key(SHELL.key)
        await pilot.pause()
        assert "+1" in table.plain_line(table.cursor_index)
        await pilot.press("l")
        assert BASH.pid in pids(app)
        app.processes.take(sample((INIT, TENTACLE, SHELL, BASH, BOOTSTRAP, CALAMARI)))
        assert BASH.pid in pids(app)


@pytest.mark.parametrize("ending", [(), ("enter",)])
async def test_digits_go_to_a_pid(ending: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.ui.handlers.jumps.SILENCE_SECONDS", 3600.0 if ending else 0.5)
    monkeypatch.setattr("octotui.ui.handlers.jumps.LONE_SECONDS", 3600.0)
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("9", "backspace", *"14233")
        assert "pid 14233…" in app.processes.message or not ending
        await pilot.press(*ending)
        await until(pilot, lambda: app.processes.table.cursor_key == SCRIPT.key)
        assert app.processes.message == "The cursor is on pwsh 14233"
        assert app.screen is app.processes


async def test_another_key_ends_the_pid_and_then_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.ui.handlers.jumps.SILENCE_SECONDS", 3600.0)
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("8", "1", "2", "j")
        assert app.processes.table.cursor_key == BOOTSTRAP.key
        await pilot.press("8", "1", "2", "escape")
        assert app.processes.table.cursor_key == BOOTSTRAP.key and app.processes.message == ""


async def test_a_lone_two_opens_the_dumps_after_a_moment_and_more_digits_make_it_a_pid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("octotui.ui.handlers.jumps.LONE_SECONDS", 0.05)
    monkeypatch.setattr("octotui.ui.handlers.jumps.SILENCE_SECONDS", 3600.0)
    other = process(2345, 812, ["/opt/tool"], age=5)
    async with screen(FakeHost(sample((INIT, TENTACLE, other)), settings=EVERYTHING)) as (app, pilot):
        await pilot.press("2")
        assert app.processes.message == "2: Dumps, in a moment; more digits go to a pid"
        await until(pilot, lambda: isinstance(app.screen, DumpsScreen))
        await pilot.press("escape")
        monkeypatch.setattr("octotui.ui.handlers.jumps.LONE_SECONDS", 3600.0)
        await pilot.press(*"2345", "enter")
        assert app.processes.table.cursor_key == other.key and app.screen is app.processes
        await pilot.press("1", "enter")
        assert app.processes.table.cursor_key == INIT.key
        await pilot.press("colon", *"812", "enter")
        assert app.processes.table.cursor_key == TENTACLE.key


@pytest.mark.parametrize(
    ("settings", "pid", "words"),
    [
        (Settings(interval_seconds=60.0), 4100, "sshd 4100 is not shown: it is not among Octopus; o shows more"),
        (Settings(interval_seconds=60.0, filter="pwsh"), 4100, "Esc clears the filter"),
        (Settings(interval_seconds=60.0, subtree=14207), 4100, "it is not below 14207"),
        (EVERYTHING, 77777, "No process 77777"),
        (EVERYTHING, 22, "kthreadd 22 is not shown: it is a kernel thread; K shows them"),
    ],
)
async def test_a_pid_that_is_not_shown_is_told_with_the_key_that_shows_it(
    settings: Settings, pid: int, words: str
) -> None:
    kernel = replace(KTHREADD, key=KTHREADD.key._replace(pid=22))
    host = FakeHost(sample((INIT, kernel, TENTACLE, SHELL, BOOTSTRAP, CALAMARI, SCRIPT)), settings=settings)
    async with screen(host) as (app, pilot):
        before = app.processes.model.state
        await pilot.press("colon", *str(pid), "enter")
        assert words in app.processes.message and app.processes.model.state == before


async def test_a_pid_in_a_folded_branch_is_brought_to_light() -> None:
    host = FakeHost(sample((INIT, TENTACLE, SHELL, BASH)), settings=EVERYTHING)
    async with screen(host) as (app, pilot):
        assert BASH.pid not in pids(app)
        await pilot.press("colon", *"5000", "enter")
        assert app.processes.table.cursor_key == BASH.key


async def test_a_pid_that_came_after_the_view_was_frozen_is_told() -> None:
    async with screen(FakeHost(usual_sample())) as (app, pilot):
        await pilot.press("p")
        app.processes.take(sample((INIT, BASH), monotonic=1004.0))
        await pilot.press("colon", *"5000", "enter")
        assert "came after the view was frozen" in app.processes.message


async def test_kernel_threads_are_hidden_until_asked_for() -> None:
    host = FakeHost(sample((INIT, KTHREADD, TENTACLE)), settings=EVERYTHING)
    async with screen(host) as (app, pilot):
        assert KTHREADD.pid not in pids(app)
        await pilot.press("K")
        assert KTHREADD.pid in pids(app) and app.processes.message == "Kernel threads are shown"
        await pilot.press("K", "o", "K")
        assert KTHREADD.pid not in pids(app) and "o goes there" in app.processes.message


async def test_digits_typed_into_the_filter_are_no_pid() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("slash", *"14233")
        await pilot.pause()
        assert app.processes.filter_bar.input.value == "14233"


async def test_the_host_is_told_whose_figures_are_watched() -> None:
    async with screen(FakeHost(usual_sample())) as (app, pilot):
        model = app.processes.model
        shown = {TENTACLE.key, BOOTSTRAP.key, CALAMARI.key, SCRIPT.key, INIT.key}
        assert model.watched() is not None and shown <= model.watched()
        assert SHELL.key not in model.watched()
        await pilot.press("h")
        assert shown <= model.watched(), "folded away, but summed"
        await pilot.press("o", "o")
        assert model.watched() is None
        app.processes.table.move_to_key(SHELL.key)
        await pilot.press("m", "o")
        assert SHELL.key in (model.watched() or ())
