"""Heap types of one process: what that costs, the question, the progress, the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.worker import Worker, WorkerState

from octotui.dotnet.heap.model import HeapHistogram, HeapPlan
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey
from octotui.text import printable
from octotui.ui.actions import Action, Place
from octotui.ui.following import Followed
from octotui.ui.lines.cells import Line, Piece
from octotui.ui.lines.details import detail_title, ended_words
from octotui.ui.lines.heap import cost_sentences, histogram_items, progress_items, refused_items
from octotui.ui.lines.listing import Item, sentence_items
from octotui.ui.lines.problems import problem_items
from octotui.ui.screens.listing import ListingScreen
from octotui.ui.screens.question import Answer, Question
from octotui.ui.subjects import is_service
from octotui.units import seconds_text

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

TICK_SECONDS = 0.25

_BEFORE = "Nothing is counted before you have seen what that costs the process."


class HeapScreen(ListingScreen):
    """Nothing is counted before the question about its cost was answered. Leaving the screen ends the counting."""

    place = Place.HEAP
    hints: ClassVar[tuple[str, ...]] = ("back", "search", "next-found", "look-again", "copy-text", "help")

    def __init__(self, processes: ProcessesScreen, key: ProcessKey) -> None:
        super().__init__(processes)
        self.followed = Followed(processes.model, key)
        self.histogram: HeapHistogram | None = None
        self._plan: HeapPlan | None = None
        self._problem: OctotuiError | None = None
        self._since = 0.0
        self._done = 0

    @property
    def key(self) -> ProcessKey:
        return self.followed.key

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        return {**super().handlers, "look-again": self.ask}

    def why_not(self, action: Action) -> str:
        if action.id == "look-again" and self.is_at_work:
            return "It is being counted already"
        return super().why_not(action)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(TICK_SECONDS, self._tick)
        self.ask()

    def ask(self) -> None:
        """Find out what it costs, and ask whether to go on."""
        self._plan = self._problem = None
        self._begin(self._make_plan())

    def stop(self) -> str:
        if not self.is_at_work or self.worker is None:
            return ""
        was_counting = self._plan is not None
        self.worker.cancel()
        self._plan = None
        self.show()
        return "Stopped: the process runs on, nothing stays in it" if was_counting else ""

    def make_title(self, width: int) -> Line:
        row = self.followed.update()
        name = self.glyphs.text(detail_title(row)) if row else ""
        ended = f"  {ended_words(row)}" if row and self.followed.has_ended else ""
        return (Piece(" Heap types of "), Piece(name, "heading"), Piece(ended, "exited"))

    def make_items(self, width: int) -> Sequence[Item]:
        glyphs, items = self.glyphs, list[Item]()
        seconds = time.monotonic() - self._since
        if self._problem is not None:
            items += problem_items(self._problem, width, glyphs)
        elif self.is_at_work and self._plan is not None:
            items += progress_items(self._plan, self._done, seconds, width, glyphs)
        elif self.is_at_work:
            words = f"asking its runtime how large the heap is… {seconds_text(seconds)}"
            items += sentence_items(words, "muted", width, glyphs)
        elif self._plan is not None and self._plan.refusal:
            items += refused_items(self._plan, width, glyphs)
        elif self.histogram is None:
            items += sentence_items(_BEFORE, "muted", width, glyphs)
        else:
            items += histogram_items(self.histogram, width, glyphs)
        return items

    @property
    def has_text(self) -> bool:
        return self.histogram is not None

    def text_to_copy(self) -> str:
        if self.histogram is None:
            return ""
        row = self.followed.row
        head = f"Heap types of {detail_title(row)}" if row else "Heap types"
        return "\n".join([head, *(item.text for item in histogram_items(self.histogram, 10_000, self.glyphs))])

    def _begin(self, wanted: Worker[None]) -> None:
        self.worker, self._since, self._done = wanted, time.monotonic(), 0
        self.show()

    @work(group="heap", exclusive=True, exit_on_error=False)
    async def _make_plan(self) -> None:
        try:
            plan = await self.processes.host.observer.heap_plan(self.key)
        except OctotuiError as error:
            self._problem = error
            return
        if plan.refusal:
            self._plan = plan
        else:
            self.call_later(self._question, plan)

    def _question(self, plan: HeapPlan) -> None:
        row, sample = self.followed.row, self.processes.model.latest
        name = detail_title(row) if row else f"process {self.key.pid}"
        answers = (Answer("cancel", "Cancel"), Answer("count", "Count", "y"))
        lines = list(cost_sentences(plan, name))
        is_careful = sample is not None and is_service(sample, self.key)
        focused = "cancel" if is_careful else "count"
        question = Question(f"Count the objects of {name}?", lines, answers, self.glyphs, focused=focused)

        def answered(answer: str | None) -> None:
            if answer == "count":
                self.histogram, self._plan = None, plan
                self._begin(self._count(plan))
            elif self.histogram is None:
                self.leave()
                self.processes.say(f"Nothing was counted in {name}")
            else:
                self.say("Nothing was counted; this is the count before")

        self.app.push_screen(question, answered)

    @work(group="heap", exclusive=True, exit_on_error=False)
    async def _count(self, plan: HeapPlan) -> None:
        try:
            self.histogram = await self.processes.host.observer.heap(plan, self._progress)
        except OctotuiError as error:
            self._problem = error
        finally:
            self._plan = None

    def _progress(self, done: int) -> None:
        """From whichever thread: the next tick shows it."""
        self._done = done

    def _tick(self) -> None:
        if self.is_at_work:
            self.show()
        else:
            self.refresh_frame()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.worker is not self.worker or event.state in (WorkerState.PENDING, WorkerState.RUNNING):
            return
        event.stop()
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            words = f"octotui itself failed ({type(error).__name__})"
            self._problem = OctotuiError(words, hint=printable(str(error), 200))
        self.show()
