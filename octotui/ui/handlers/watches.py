"""Watching: rules armed and disarmed, processes held and let go. What is asked for is frozen at the press."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from octotui.dumps.arming.rule import HOLD_SECONDS, Rule, Whom
from octotui.dumps.arming.state import HoldState, RuleState
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey, Sample
from octotui.text import printable
from octotui.ui.drafts import Draft
from octotui.ui.lines.holds import hold_name
from octotui.ui.lines.rules import counts_text
from octotui.ui.screens.question import Answer, Question
from octotui.ui.subjects import choosable, is_service, shown_name

if TYPE_CHECKING:
    from octotui.ui.screens.acting import ActingScreen
    from octotui.ui.screens.processes import ProcessesScreen
    from octotui.ui.watching import Watching


class WatchHandlers:
    """Handlers that ask the watch for something. They are shared by all screens; `screen` is where it is answered."""

    def __init__(self, processes: ProcessesScreen) -> None:
        self._processes = processes

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        screen = self._processes
        return {
            "watch": lambda: self.watch(screen),
            "hold": lambda: self.hold(screen, screen.table.cursor_key),
            "show-rules": partial(self.open_rules, screen),
        }

    @property
    def _watching(self) -> Watching:
        return self._processes.watching

    def open_rules(self, screen: ActingScreen) -> None:
        from octotui.ui.screens.rules import RulesScreen

        opened = RulesScreen(self._processes)
        if screen is self._processes:
            screen.app.push_screen(opened)
        else:
            screen.app.switch_screen(opened)

    def watch(self, screen: ActingScreen) -> None:
        """The form for the process under the cursor; where its rule is armed already, whether to disarm that."""
        key, sample = self._processes.table.cursor_key, self._processes.model.latest
        if sample is None:
            return
        answers = choosable(sample, key)
        state = self._watching.rule_about(key, answers[0].whom)
        if state is None:
            self._open_form(screen, key, sample)
            return
        lines = (
            (f"Rule {state.id}: {state.sentence}", "name"),
            (f"{counts_text(state)}.", "muted"),
            ("", ""),
            ("Disarmed it catches nothing more; what it holds is let go, what it traces runs on untraced.", ""),
        )
        buttons = (
            Answer("keep", "Keep"), Answer("another", "Arm another", "n"), Answer("disarm", "Disarm", "x"),
        )  # fmt: skip
        question = Question("A rule is armed here", lines, buttons, screen.glyphs, focused="disarm")

        def answered(answer: str | None) -> None:
            if answer == "disarm":
                self.disarm(screen, state)
            elif answer == "another":
                self._open_form(screen, key, sample)
            else:
                screen.say(f"Rule {state.id} stays armed")

        screen.app.push_screen(question, answered)

    def _open_form(self, screen: ActingScreen, key: ProcessKey | None, sample: Sample) -> None:
        from octotui.ui.screens.arm_rule import ArmRule

        draft = Draft(choosable(sample, key), destination=self._processes.settings.output)
        form = ArmRule(draft, sample, screen.glyphs, self._watching.watch)

        def answered(rule: Rule | None) -> None:
            if rule is None:
                screen.say("No rule was armed")
                return
            screen.say("Arming…")
            self._do(screen, self._arm(screen, rule))

        screen.app.push_screen(form, answered)

    async def _arm(self, screen: ActingScreen, rule: Rule) -> None:
        sample = self._processes.model.latest
        if sample is None:
            return
        state = await self._watching.watch.arm(rule, sample)
        how, reach = self._processes.keymap.how, self._watching.watch.reach
        known = f"{reach}; " if reach else ""
        screen.say(f"Rule {state.id} is armed; {known}{how('show-rules')} lists the rules, {how('watch')} disarms it")

    def disarm(self, screen: ActingScreen, state: RuleState) -> None:
        self._do(screen, self._disarm(screen, state))

    async def _disarm(self, screen: ActingScreen, state: RuleState) -> None:
        await self._watching.watch.disarm(state.id)
        screen.say(f"Rule {state.id} is disarmed: {counts_text(state)}")

    def hold(self, screen: ActingScreen, key: ProcessKey | None) -> None:
        """Let the process go where it is held; else ask about what is held elsewhere, or whether to hold it."""
        hold = self._watching.hold_of(key)
        others = self._watching.holds
        if hold is not None:
            self.let_go(screen, (hold,))
        elif others:
            self._ask_letting_go(screen, key, others)
        elif key is None:
            screen.say("No process is held")
        else:
            self._ask_holding(screen, key)

    def let_go(self, screen: ActingScreen, holds: tuple[HoldState, ...]) -> None:
        self._do(screen, self._let_go(screen, holds))

    async def _let_go(self, screen: ActingScreen, holds: tuple[HoldState, ...]) -> None:
        for hold in holds:
            await self._watching.watch.release(hold.key)
        names = ", ".join(hold_name(hold) for hold in holds)
        screen.say(f"{names} {'runs' if len(holds) == 1 else 'run'} on")

    def _ask_letting_go(self, screen: ActingScreen, key: ProcessKey | None, holds: tuple[HoldState, ...]) -> None:
        names = ", ".join(hold_name(hold) for hold in holds)
        answers = [Answer("keep", "Keep held"), Answer("release", "Let go", self._key("hold"))]
        sample = self._processes.model.latest
        if key is not None and sample is not None and key in sample.snapshot.processes:
            answers.insert(1, Answer("hold", f"Hold {shown_name(sample, key)} too", "t"))
        lines = ((f"{names} {'stands' if len(holds) == 1 else 'stand'} still.", "name"),)
        question = Question("Let go what is held?", lines, answers, screen.glyphs, focused="release")

        def answered(answer: str | None) -> None:
            if answer == "release":
                self.let_go(screen, holds)
            elif answer == "hold" and key is not None:
                self._ask_holding(screen, key)

        screen.app.push_screen(question, answered)

    def _ask_holding(self, screen: ActingScreen, key: ProcessKey) -> None:
        sample = self._processes.model.latest
        if sample is None or key not in sample.snapshot.processes:
            screen.say("That process has ended; there is nothing left to hold", is_error=True)
            return
        name, service = shown_name(sample, key), is_service(sample, key)
        how = self._processes.keymap.how("hold")
        lines = [
            (f"{name} stands still until you let it go with {how}, for {HOLD_SECONDS:.0f} s at most.", "name"),
            ("It alone is stopped: what it started runs on, and what waits for it waits longer.", ""),
            ("When octotui ends, in whatever way, it is let go.", ""),
        ]
        if service:
            words = f"{name} serves the whole host: meanwhile no deployment gets on, and its connections may time out."
            lines.insert(1, (words, "warning"))
        answers = (Answer("cancel", "Cancel"), Answer("hold", "Hold the service" if service else "Hold", "y"))
        question = Question(f"Hold {name}?", lines, answers, screen.glyphs, focused="cancel" if service else "hold")

        def answered(answer: str | None) -> None:
            if answer == "hold":
                self._do(screen, self._hold(screen, key, services=service))
            else:
                screen.say(f"{name} was not held")

        screen.app.push_screen(question, answered)

    async def _hold(self, screen: ActingScreen, key: ProcessKey, *, services: bool) -> None:
        hold = await self._watching.watch.hold(key, HOLD_SECONDS, services=services)
        screen.say(f"{hold_name(hold)} is held; {self._processes.keymap.how('hold')} lets it go")

    def capture_early(self, screen: ActingScreen, hold: HoldState) -> None:
        """Whether to capture a process that is held before it has a runtime: that needs it to run a little first."""
        name, is_ours = hold_name(hold), hold.by == "you"
        words = "and is captured then" if is_ours else "is held again, and is captured by the rule that holds it"
        lines = (
            (f"{name} is held before its runtime is there: there is nothing to capture yet.", "name"),
            (f"It is let go now, runs until its runtime is ready {words}.", ""),
        )
        answers = (Answer("keep", "Keep held"), Answer("capture", "Let it run and capture"))
        question = Question(f"Capture {name}", lines, answers, screen.glyphs, focused="capture")

        def answered(answer: str | None) -> None:
            if answer == "capture":
                self._do(screen, self._capture_early(screen, hold, is_ours=is_ours))
            else:
                screen.say(f"{name} stays held")

        screen.app.push_screen(question, answered)

    async def _capture_early(self, screen: ActingScreen, hold: HoldState, *, is_ours: bool) -> None:
        sample = self._processes.model.latest
        if is_ours and sample is not None:
            rule = Rule(Whom(key=hold.key), destination=self._processes.settings.output)
            await self._watching.watch.arm(rule, sample)
        await self._watching.watch.release(hold.key)
        screen.say(f"{hold_name(hold)} runs until its runtime is ready and is captured then")

    def _key(self, action_id: str) -> str:
        """The key of an action where it is one that a button can have, "" otherwise."""
        keys = self._processes.keymap.of(action_id)
        return keys[0] if keys and len(keys[0]) == 1 else ""

    def _do(self, screen: ActingScreen, asked: Awaitable[None]) -> None:
        """Carry it out in the background; what goes wrong is said where it was asked for."""

        async def carried_out() -> None:
            try:
                await asked
            except OctotuiError as error:
                screen.say(printable(str(error)), is_error=True)
            self._processes.show_watch()

        self._processes.app.run_worker(carried_out(), group="watch-acts", exit_on_error=False)
