"""The dialog of a capture: the plan as it would be carried out, and the choice to do so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from octotui.dumps.model import DumpPlan, DumpRequest, Order
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey, Sample
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.plan import can_be_asked, plan_lines, plan_title, stacks_first_lines
from octotui.ui.ports import DumpPort
from octotui.ui.screens.dialog import Choice, Dialog

OLD_SECONDS = 10.0
"""A plan that has stood for so long behind the stacks is made anew."""

_SWITCHES = {Order.TOGETHER: "Together", Order.ONE_BY_ONE: "One by one"}


def _other(order: Order) -> Order:
    return Order.ONE_BY_ONE if order is Order.TOGETHER else Order.TOGETHER


@dataclass(frozen=True, slots=True)
class StacksFirst:
    """The way from the plan to the stacks of its processes. `keys` are Textual's names of those that lead there,
    `key` is the first of them as a person reads it."""

    open: Callable[[tuple[ProcessKey, ...]], None]
    latest: Callable[[], Sample | None]
    keys: tuple[str, ...]
    key: str


class ConfirmDump(Dialog[DumpPlan]):
    """Answers with the plan when it is to be carried out, else with None.

    The plan is made in the background; a key pressed before it is shown does nothing. Enter chooses what has the
    focus: Capture, or Cancel when a Server is in the plan.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("o", "switch_order", "Order", show=False)]

    def __init__(
        self,
        service: DumpPort,
        request: DumpRequest,
        sample: Sample,
        glyphs: Glyphs,
        *,
        is_only_shown: bool,
        notes: Sequence[str] = (),
        stacks: StacksFirst | None = None,
    ) -> None:
        """`notes` are sentences on the processes of the request, shown with the plan; `stacks` offers them first."""
        super().__init__(glyphs)
        self._service = service
        self._request = request
        self._sample = sample
        self._is_only_shown = is_only_shown
        self._notes = tuple(notes)
        self._stacks = stacks
        self._planned_at = 0.0
        self._has_looked = False
        self.plan: DumpPlan | None = None

    def make_choices(self) -> tuple[Choice, ...]:
        return (
            Choice(_SWITCHES[Order.TOGETHER], "o", id="order"),
            Choice("Cancel", "Esc", id="cancel"),
            Choice("Capture", id="capture"),
        )

    def on_mount(self) -> None:
        count = len(self._request.keys)
        processes = "1 process" if count == 1 else f"{count} processes"
        self.put("Planning…", ((Piece(f"Looking at {processes}: runtime, sockets, memory, free space.", "muted"),),))
        self._capture.display = False
        self._order.display = False
        self._make_plan()

    @property
    def _capture(self) -> Choice:
        return self.query_one("#capture", Choice)

    @property
    def _order(self) -> Choice:
        return self.query_one("#order", Choice)

    @property
    def _cancel(self) -> Choice:
        return self.query_one("#cancel", Choice)

    @work(group="plan", exit_on_error=False)
    async def _make_plan(self) -> None:
        try:
            self.plan = await self._service.plan(self._request, self._sample)
        except OctotuiError as error:
            self._show_error(error.message, error.hint)
            return
        self._planned_at = time.monotonic()
        self._show_plan()

    def _show_plan(self) -> None:
        plan = self.plan
        if plan is None:
            return
        self._order.display = bool(plan.offers) and not plan.is_refused
        self._order.rename(_SWITCHES[_other(plan.request.order)])
        self.put(plan_title(plan, is_only_shown=self._is_only_shown), self._lines(plan))
        if not self._may_capture:
            self._cancel.rename("Close")
            self.offer(self._cancel)
            return
        self._capture.display = True
        self.offer(self._cancel if plan.captures_a_server else self._capture)

    def _show_error(self, message: str, hint: str) -> None:
        lines = [(Piece(text, "failed"),) for text in wrapped(self.glyphs.text(printable(message)), self.body_width)]
        if hint:
            hint = self.glyphs.text(f"→ {printable(hint)}")
            lines += [(Piece(text, "hint"),) for text in wrapped(hint, self.body_width)]
        self.put("No plan could be made", tuple(lines))
        self._capture.display = self._order.display = False
        self._cancel.rename("Close")
        self.offer(self._cancel)

    @property
    def _may_capture(self) -> bool:
        return self.plan is not None and not self.plan.is_refused and not self._is_only_shown

    def action_switch_order(self) -> None:
        """Plans anew in the other order; nothing can be chosen until that plan is shown."""
        if self.plan is None or not self._order.display:
            return
        self._request = replace(self._request, order=_other(self.plan.request.order))
        self._plan_anew()

    def _plan_anew(self) -> None:
        self.plan = None
        self.heading.put(((Piece("Planning…", "heading"),),))
        self._make_plan()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        if event.choice.id == "order":
            self.action_switch_order()
            return
        if event.choice.id == "cancel":
            self.dismiss(None)
        elif self._may_capture:
            self.dismiss(self.plan)

    def on_resize(self) -> None:
        super().on_resize()
        if self.plan is not None:
            self.body.put(self._lines(self.plan))

    def _lines(self, plan: DumpPlan) -> tuple[Line, ...]:
        first = (
            stacks_first_lines(self._stacks.key, self.body_width, self.glyphs) if self._askable and self._stacks else ()
        )
        return (*first, *plan_lines(plan, self.body_width, self.glyphs, notes=self._notes))

    @property
    def _askable(self) -> tuple[ProcessKey, ...]:
        """The processes of the plan whose runtime can be asked for its stacks."""
        if self.plan is None or self._stacks is None or not self._stacks.keys:
            return ()
        return tuple(step.target.key for step in self.plan.steps if can_be_asked(step.facts))

    def on_key(self, event: events.Key) -> None:
        """The key of the stacks, as it is on the other screens."""
        if self._stacks is not None and event.key in self._stacks.keys and (keys := self._askable):
            event.stop()
            event.prevent_default()
            self._has_looked = True
            self._stacks.open(keys)

    def on_screen_resume(self) -> None:
        """Back from the stacks: a plan that has stood for long is checked again."""
        if self._has_looked and self._stacks is not None and self.plan is not None:
            self._has_looked = False
            if time.monotonic() - self._planned_at > OLD_SECONDS:
                self._sample = self._stacks.latest() or self._sample
                self._plan_anew()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self._show_error(f"planning failed: {type(event.worker.error).__name__}", "octotui doctor")
