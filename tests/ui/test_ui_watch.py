"""Watch rules on the screen: armed by two keys, changed in the form, disarmed, and refused where they make no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Input
from ui_fakes import (
    BOOTSTRAP,
    CALAMARI,
    GONE,
    INIT,
    SCRIPT,
    SHELL,
    TENTACLE,
    FakeHost,
    meaning,
    process,
    sample,
    usual_sample,
)
from ui_screen import frame, next_sample, screen, until

from octotui.config import Settings
from octotui.dumps.arming.rule import Rule, Take, When, Whom
from octotui.dumps.arming.state import Ending, Stage
from octotui.dumps.model import Remark, Severity
from octotui.errors import Refused
from octotui.processes.model import ProcessKey
from octotui.ui.app import OctotuiApp
from octotui.ui.screens.arm_rule import ArmRule
from octotui.ui.screens.question import Question
from octotui.ui.screens.rules import RulesScreen


def form(app: OctotuiApp) -> ArmRule:
    assert isinstance(app.screen, ArmRule)
    return app.screen


async def armed(host: FakeHost, key: ProcessKey, *keys: str) -> Rule:
    """The rule that these keys arm in the form of the process `key`."""
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(key)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        await pilot.press(*keys)
        await until(pilot, lambda: bool(host.watch.rules))
        assert app.screen is app.processes
        return host.watch.rules[0].rule


async def test_w_and_enter_on_the_tentacle_wait_for_its_next_calamari() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("w", "enter")
        await until(pilot, lambda: bool(host.watch.rules))
        assert host.watch.rules[0].rule == Rule(Whom(role="calamari", under=TENTACLE.key))
        await until(pilot, lambda: app.processes.message.startswith("Rule 1 is armed"))
        assert "1 rule armed" in frame(app).splitlines()[0]


@pytest.mark.parametrize("of", [CALAMARI, BOOTSTRAP], ids=lambda of: of.name)
async def test_below_the_tentacle_the_rule_is_the_same(of: object) -> None:
    assert (await armed(FakeHost(), of.key, "enter")).whom == Whom(role="calamari", under=TENTACLE.key)  # type: ignore[attr-defined]


async def test_the_ghost_of_a_calamari_that_was_too_short_says_whom_to_wait_for_next() -> None:
    gone = {BOOTSTRAP.key, GONE.key}
    seen = sample((INIT, TENTACLE), ghosts=(BOOTSTRAP, GONE))
    host = FakeHost(seen)
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(GONE.key)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        offered = [one.whom for one in form(app).draft.choosable]
        assert offered[0] == Whom(role="calamari", under=TENTACLE.key)
        assert not [whom for whom in offered if whom.key in gone]


async def test_a_host_without_a_process_can_wait_for_the_first_calamari() -> None:
    host = FakeHost(sample((INIT, SHELL), meanings={}))
    async with screen(host) as (app, pilot):
        assert not app.processes.model.rows
        await pilot.press("w", "enter")
        await until(pilot, lambda: bool(host.watch.rules))
        assert host.watch.rules[0].rule.whom == Whom(role="calamari")


async def test_a_program_without_a_role_is_waited_for_by_its_name() -> None:
    host = FakeHost(usual_sample(), settings=Settings(interval_seconds=60.0, scope="everything"))
    assert (await armed(host, SHELL.key, "enter")).whom == Whom(name="sshd")


async def test_the_process_itself_is_the_last_answer_and_left_turns_to_it() -> None:
    rule = await armed(FakeHost(), CALAMARI.key, "down", "left", "enter")
    assert rule.whom == Whom(key=CALAMARI.key)


async def test_every_field_goes_into_the_rule() -> None:
    down = ["down"]
    keys = [*down, *down, *"web", *down, *down, *"2", *down, *"80", *down, *"10", *down, *"500", *down]
    keys += [*"40", *down, *"30", *down, "right", *down, "right", *down, "end", "backspace", "backspace", *"15", *down]
    keys += ["end", "backspace", *"3", *down, *"10", *down, *"20", "enter"]
    rule = await armed(FakeHost(), CALAMARI.key, *keys)
    when = When(2.0, 80.0, 10.0, 500_000_000, 40, 30.0)
    wanted = Rule(
        Whom("calamari", "web", under=TENTACLE.key), when, Take.STACKS, hold=True, hold_seconds=15.0, count=3,
        every_seconds=10.0, timeout_seconds=1200.0,
    )  # fmt: skip
    assert rule == wanted


async def test_the_sentence_follows_every_key() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: "the next Calamari below Tentacle 812: captured when" in form(app).text())
        await pilot.press("tab", "right")
        await until(pilot, lambda: "the next Calamari: captured when" in form(app).text())
        await pilot.press("down", "down", "right")
        await until(pilot, lambda: "captured at its end, if it fails" in form(app).text())
        await pilot.press("right")
        await until(pilot, lambda: "whatever its status" in form(app).text())


async def test_what_can_be_missed_is_said_of_rules_that_wait_and_only_of_those() -> None:
    host = FakeHost()
    host.watch.reach = "without root, processes shorter than about 100 ms can be missed"
    async with screen(host) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: "! Without root, processes shorter" in form(app).text())
        assert "Rules live only as long as this octotui does" in form(app).text()
        await pilot.press("tab", "left")
        await until(pilot, lambda: "Without root" not in form(app).text())


async def test_what_preflight_says_stands_below_the_sentence_and_a_refusal_arms_nothing() -> None:
    host = FakeHost()
    host.watch.remarks = (Remark(Severity.WARNING, "tracer", "while it is traced no other tool can dump it"),)
    async with screen(host) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: "! While it is traced no other tool can dump it" in form(app).text())
        refusal = Remark(Severity.REFUSAL, "no-space", "there is no room", "octotui dumps prune")
        host.watch.remarks = (refusal,)
        await pilot.press("tab", "right")
        await until(pilot, lambda: "! There is no room" in form(app).text() and "dumps prune" in form(app).text())
        assert "While it is traced" not in form(app).text()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, ArmRule) and not host.watch.rules
        host.watch.remarks = ()
        await pilot.press("left")
        await until(pilot, lambda: host.watch.asked[-1].whom.under == TENTACLE.key and "room" not in form(app).text())
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.watch.rules))


async def test_x_ends_a_trace_or_the_writing_of_an_end() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        host.watch.rule(Rule(Whom(role="calamari"), When(at_exit=True)), host.watch.seen[-1])
        host.watch.catch(1, CALAMARI.key, "Calamari", Stage.WRITING)
        app.processes.show_watch()
        await pilot.pause()
        assert "x Cancel" in frame(app)
        await pilot.press("x")
        await until(
            pilot, lambda: "Cancelling Calamari 14220: it ends now, no half file stays" in app.processes.message
        )
        assert host.watch.cancelled == [CALAMARI.key]


async def test_conditions_are_looked_at_every_second() -> None:
    host = FakeHost(usual_sample(), usual_sample())
    async with screen(host) as (app, _):
        assert app.sampling.pause_seconds == 60.0
        host.watch.rule(Rule(Whom(role="calamari"), When(threads=100)), host.watch.seen[-1])
        assert app.sampling.pause_seconds <= 1.0


async def test_a_wrong_filter_is_explained_where_it_stands_and_nothing_is_armed() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        await pilot.press("down", "down", *"cpu>x")
        await until(pilot, lambda: "cpu> needs a number" in form(app).text())
        await pilot.press("up", "enter")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "filter")
        assert isinstance(app.screen, ArmRule) and not host.watch.rules
        await pilot.press("escape")
        await until(pilot, lambda: app.processes.message == "No rule was armed")


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("after", ".", "no number above 0"),
        ("threads", "1.5", "whole number"),
        ("cpu_for", "5", "how much CPU"),
        ("every", "5", "one dump has no time between"),
        ("quiet", "0", "no number above 0"),
    ],
)
async def test_a_wrong_number_takes_the_focus_and_says_why(field: str, typed: str, words: str) -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        app.screen.query_one(f"#{field}", Input).focus()
        await pilot.press(*typed, "enter")
        await until(pilot, lambda: words in form(app).text())
        assert not host.watch.rules


async def test_a_process_that_is_traced_to_its_end_cannot_be_held_as_well() -> None:
    rule = await armed(
        FakeHost(), CALAMARI.key, *["down"] * 11, "right", *["up"] * 8, "right", "enter"
    )  # Hold it: yes; When: at its end.
    assert rule.when.at_exit and not rule.hold and not rule.any_status


async def test_stacks_and_then_a_dump_are_two_steps_away_and_are_not_held() -> None:
    rule = await armed(FakeHost(), CALAMARI.key, *["down"] * 11, "right", "up", "right", "right", "enter")
    assert (rule.take, rule.hold) == (Take.BOTH, False)


async def test_stacks_of_a_process_at_its_end_are_refused_where_they_were_chosen() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        await pilot.press(*["down"] * 10, "right")
        await until(pilot, lambda: "asked for its stacks" in form(app).text())
        await pilot.press(*["up"] * 7, "right")
        await until(pilot, lambda: "cannot be asked for" in form(app).text())
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "take")
        assert not host.watch.rules


async def test_a_tentacle_is_held_by_a_rule_only_with_a_tick_of_its_own() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        await pilot.press("down", "left", *["down"] * 10, "right")
        await until(pilot, lambda: "held only with this tick" in form(app).text())
        assert "Tentacle" in frame(app) and "[ ] never stop" in frame(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "services")
        await pilot.press("space")
        await until(pilot, lambda: "serves nobody" in form(app).text())
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.watch.rules))
        rule = host.watch.rules[0].rule
        assert rule.hold and rule.hold_services and rule.whom == Whom(key=TENTACLE.key)


async def test_what_the_watch_refuses_is_said_in_the_message_bar() -> None:
    host = FakeHost()
    host.watch.error = Refused("the sentry could not be started", hint="octotui doctor")
    async with screen(host) as (app, pilot):
        await pilot.press("w", "enter")
        await until(pilot, lambda: app.processes.message == "the sentry could not be started: octotui doctor")


async def test_w_where_the_rule_is_armed_disarms_it() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("w", "enter")
        await until(pilot, lambda: bool(host.watch.rules))
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "the next Calamari below Tentacle 812" in app.screen.text()  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: host.watch.rules[0].ending is Ending.HAND)
        await until(pilot, lambda: "Rule 1 is disarmed: nothing caught" in app.processes.message)
        assert "armed" not in frame(app).splitlines()[0]
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))


async def test_another_rule_can_be_armed_beside_the_first() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("w", "enter")
        await until(pilot, lambda: bool(host.watch.rules))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        await pilot.press("enter")
        await until(pilot, lambda: "2 rules armed" in frame(app))


async def test_read_only_arms_nothing_and_holds_nothing_and_says_why() -> None:
    host = FakeHost(settings=Settings(interval_seconds=60.0, read_only=True))
    async with screen(host) as (app, pilot):
        for key in ("w", "H"):
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is app.processes and "Read-only" in app.processes.message
        assert "(w Watch)" in frame(app)
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, RulesScreen))
        await pilot.press("w")
        assert "Read-only" in frame(app)


async def test_processes_of_rules_are_watched_and_what_was_caught_stays_when_it_ends() -> None:
    other = process(15_000, 1, ["/opt/tool"], age=5)
    first = sample((INIT, TENTACLE, other), meanings={TENTACLE.key: meaning("tentacle-service")})
    host = FakeHost(first, usual_sample(), usual_sample())
    async with screen(host) as (app, pilot):
        host.watch.rule(Rule(Whom(key=other.key)), first)
        host.watch.catch(1, other.key, "tool", Stage.ENDED_EARLY)
        await next_sample(app, pilot)
        assert host.watched is not None and other.key in host.watched and other.key in host.kept
        host.watch.catch(1, other.key, "tool", Stage.CAPTURED, ago=100)
        await next_sample(app, pilot)
        assert other.key not in host.kept
        assert app.processes.model.sample is host.watch.seen[-1]


async def test_news_are_said_shown_for_a_moment_and_kept_for_the_list() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        host.watch.tell("Rule 1 caught Calamari 14233", hint="3 lists the rules")
        await until(pilot, lambda: app.processes.message == "Rule 1 caught Calamari 14233; 3 lists the rules")
        assert not app._notifications, "it would hide the row that it tells of"
        await pilot.press("2")
        await pilot.pause(0.7)
        host.watch.tell("Rule 1 caught Calamari 14234")
        await until(pilot, lambda: [one.message for one in app._notifications] == ["Rule 1 caught Calamari 14234"])
        await pilot.press("1")
        await pilot.pause(0.7)
        for number in range(60):
            host.watch.tell(f"Calamari {number} ended before it could be captured")
        await until(pilot, lambda: "Calamari 59" in app.processes.message)
        assert len(app._notifications) <= 3
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, RulesScreen))
        text = app.screen.text()  # type: ignore[attr-defined]
        assert "Calamari 59 ended" in text and "Calamari 10 ended" in text and "Calamari 9 ended" not in text


async def test_a_frozen_view_shows_at_once_what_is_held() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("p")
        host.watch.put_hold(CALAMARI.key, "Calamari", by="rule 1")
        host.watch.tell("Rule 1 holds Calamari 14220")
        await until(pilot, lambda: "HELD Calamari 14220 by rule 1" in frame(app))
        assert app.processes.table.plain_line(3).startswith("■ 14220")
        assert "frozen" in frame(app)


async def test_a_traced_process_has_a_sign_and_a_word_of_its_own() -> None:
    host = FakeHost(settings=replace(Settings(interval_seconds=60.0), ascii=True))
    async with screen(host) as (app, pilot):
        host.watch.rule(Rule(Whom(key=SCRIPT.key), When(at_exit=True)), host.watch.seen[-1])
        host.watch.catch(1, SCRIPT.key, "pwsh", Stage.TRACED)
        app.processes.show_watch()
        await pilot.pause()
        line = app.processes.table.plain_line(4)
        assert line.startswith("T 14233") and "traced" in line and frame(app).isascii()
