"""The form of a watch rule: whom, when, what is taken, held or not, how often; below, the rule as one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from octotui.dumps.arming.rule import Rule, Take
from octotui.dumps.arming.sentence import sentence
from octotui.dumps.model import Remark, Severity
from octotui.errors import OctotuiError
from octotui.processes.model import Sample
from octotui.text import printable
from octotui.ui.drafts import Draft, Moment, Problem
from octotui.ui.lines.cells import Line, Piece, wrapped
from octotui.ui.lines.forms import draft_warnings
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.ports import WatchPort
from octotui.ui.screens.dialog import Choice, Dialog
from octotui.ui.widgets.fields import Answers, Row, Short, WrongPart

_MOMENTS = tuple(Moment)
_TAKES = tuple(Take)
_TAKEN = {
    Take.DUMP: "a dump",
    Take.STACKS: "its stacks: 0.1 s, no secrets",
    Take.BOTH: "its stacks, then a dump",
}
_NO, _YES = "no", "yes, the moment it is caught"
_SPARED, _TICKED = "[ ] never stop a Tentacle or a Server", "[x] a Tentacle or a Server may be stopped too"


REST_SECONDS = 0.2
"""How long nothing must have changed before preflight is asked again."""

MOST_SAID = 600

TIGHT = 20
"""Lines of a terminal below which the form does without empty lines."""


class ArmRule(Dialog[Rule]):
    """Answers with the rule that is to be armed, else with None.

    Enter arms from every field, as long as the rule makes sense; otherwise it goes to the field that is wrong.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", "Previous", show=False),
        Binding("down", "app.focus_next", "Next", show=False),
    ]

    def __init__(self, draft: Draft, sample: Sample, glyphs: Glyphs, watch: WatchPort) -> None:
        self.draft = draft
        self._sample = sample
        self._watch = watch
        self._remarks: tuple[Remark, ...] = ()
        self._remarked: Rule | None = None
        self._wrong_part = WrongPart()
        super().__init__(glyphs)

    def make_choices(self) -> tuple[Choice, ...]:
        return (Choice("Cancel", "Esc", id="cancel"), Choice("Arm", id="arm"))

    def make_fields(self) -> tuple[Widget, ...]:
        draft, glyphs = self.draft, self.glyphs
        filter_input = Input(
            draft.filter, compact=True, id="filter", max_length=200, highlighter=self._wrong_part,
            placeholder="and: word, -word, user:root, cpu>5, task:42",
        )  # fmt: skip
        return (
            Row("Whom", Answers([one.words for one in draft.choosable], draft.chosen, glyphs, id="whom")),
            Row("Filter", filter_input),
            Row("When", Answers(_MOMENTS, _MOMENTS.index(draft.moment), glyphs, id="moment")),
            Row(
                "  and",
                Short("after", draft.after, "s", id="after", width=5),
                Short("CPU", draft.cpu, "% for", id="cpu", width=5),
                Short("", draft.cpu_for, "s", id="cpu_for", width=5),
            ),
            Row(
                "",
                Short("mem", draft.memory, "MB", id="memory", width=5),
                Short("threads", draft.threads, "", id="threads", width=4),
                Short("quiet", draft.quiet, "s", id="quiet", width=4),
            ),
            Row("Take", Answers([_TAKEN[one] for one in _TAKES], _TAKES.index(draft.take), glyphs, id="take")),
            Row(
                "Hold it",
                Answers([_NO, _YES], int(draft.is_held), glyphs, id="is_held"),
                Short("for", draft.hold_for, "s", id="hold_for", width=5),
                id="hold-row",
            ),
            Row("", Answers([_SPARED, _TICKED], int(draft.holds_services), glyphs, id="services"), id="services-row"),
            Row(
                "Times",
                Short("", draft.count, "every", id="count", width=4),
                Short("", draft.every, "s  end after", id="every", width=4),
                Short("", draft.minutes, "min", id="minutes", width=4),
            ),
        )  # fmt: skip

    def on_mount(self) -> None:
        super().on_mount()
        self.offer(self.query_one("#arm", Choice))
        self._show()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._take({event.input.id or "": event.value})

    @on(Answers.Changed)
    def _turned(self, event: Answers.Changed) -> None:
        event.stop()
        chosen = event.answers.chosen
        match event.answers.id:
            case "whom":
                self._take({"chosen": chosen})
            case "moment":
                self._take({"moment": _MOMENTS[chosen]})
            case "take":
                self._take({"take": _TAKES[chosen]})
            case "is_held":
                self._take({"is_held": bool(chosen)})
            case "services":
                self._take({"holds_services": bool(chosen)})

    def _take(self, values: Mapping[str, object]) -> None:
        self.draft = replace(self.draft, **values)  # type: ignore[arg-type]
        self._show()

    def _show(self) -> None:
        draft, rule = self.draft, self.draft.rule()
        self.query_one("#hold-row").display = draft.can_be_held
        self.query_one("#hold_for").parent.display = draft.is_held  # type: ignore[union-attr]
        self.query_one("#services-row").display = draft.needs_tick
        problem = rule if isinstance(rule, Problem) else None
        span = (problem.start, max(problem.start + 1, problem.end)) if problem and problem.field == "filter" else None
        self._wrong_part.span = span if span and self.draft.filter else None
        self.query_one("#filter", Input).refresh()
        self.put("Watch: catch what is too fast to catch", self._lines(rule))
        if isinstance(rule, Rule) and rule != self._remarked:
            self._ask(rule)

    @work(group="preflight", exclusive=True, exit_on_error=False)
    async def _ask(self, rule: Rule) -> None:
        """What preflight says of the rule, once the typing rests."""
        if self._remarked is not None:
            await asyncio.sleep(REST_SECONDS)
        try:
            self._remarks = await self._watch.preflight(rule, self._sample)
        except OctotuiError as error:
            self._remarks = (Remark(Severity.REFUSAL, error.code, error.message, error.hint),)
        self._remarked = rule
        self.body.put(self._lines(self.draft.rule()))

    @property
    def _is_tight(self) -> bool:
        """Whether the sentence is in sight only without empty lines."""
        return self.app.size.height < TIGHT

    def _lines(self, rule: Rule | Problem) -> tuple[Line, ...]:
        glyphs, width = self.glyphs, self.body_width
        above: tuple[Line, ...] = () if self._is_tight else ((),)
        if isinstance(rule, Problem):
            words = glyphs.text(f"{glyphs.failed} {printable(rule.message)}")
            return (*above, *((Piece(text, "failed"),) for text in wrapped(words, width)))
        said = printable(sentence(rule, self._sample), MOST_SAID)
        lines: list[Line] = [*above, *((Piece(text, "name"),) for text in wrapped(glyphs.text(f"→ {said}"), width))]
        remarks = self._remarks if rule == self._remarked else ()
        for warning, style in draft_warnings(self.draft, self._watch.reach, remarks):
            sign = {"failed": f"{glyphs.failed} ", "warning": "! "}.get(style, "i ")
            for number, text in enumerate(wrapped(glyphs.text(warning), width - 2)):
                lines.append((Piece(sign if number == 0 else "  ", style), Piece(text, style)))
        return tuple(lines)

    def on_resize(self) -> None:
        super().on_resize()
        self.set_class(self._is_tight, "-tight")
        self.body.put(self._lines(self.draft.rule()))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._arm()

    def action_confirm(self) -> None:
        if isinstance(self.focused, Choice) and self.focused.id == "cancel":
            self.dismiss(None)
        else:
            self._arm()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        if event.choice.id == "arm":
            self._arm()
        else:
            self.dismiss(None)

    def _arm(self) -> None:
        rule = self.draft.rule()
        refused = rule == self._remarked and any(one.severity is Severity.REFUSAL for one in self._remarks)
        if isinstance(rule, Rule):
            if not refused:
                self.dismiss(rule)
        else:
            self.query_one(f"#{rule.field}").focus()
