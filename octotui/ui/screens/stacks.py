"""The managed stacks of one process, read live; of the others of its tree too, one after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.worker import Worker, WorkerState

from octotui.dotnet.stacks.model import Frame, Look
from octotui.dotnet.stacks.text import as_text
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey
from octotui.text import printable
from octotui.ui.actions import Action, Place
from octotui.ui.analyses import analysis_written
from octotui.ui.following import Followed
from octotui.ui.lines.cells import Line, Piece
from octotui.ui.lines.details import detail_title, ended_words
from octotui.ui.lines.listing import EMPTY, NO_GROUP, Item, sentence_items
from octotui.ui.lines.problems import next_steps, problem_items
from octotui.ui.lines.stacks import OTHERS, can_be_folded, looking_items, ordered, stack_items, taken_text
from octotui.ui.screens.listing import ListingScreen

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

TIGHT = 30
"""Lines of a terminal below which the stacks stand without empty lines between them."""

LOOKS = 3
APART_SECONDS = 5.0
TICK_SECONDS = 0.25

_READ_ONLY = "Read-only (an option or a setting): no files are written; {how} copies the text"


class StacksScreen(ListingScreen):
    """Looks as soon as it is open, in the background. Leaving it ends the look; nothing stays in the process."""

    place = Place.STACKS
    hints: ClassVar[tuple[str, ...]] = (
        "back", "search", "next-found", "look-again", "look-repeatedly", "copy-text", "write-analysis", "help",
    )  # fmt: skip

    def __init__(self, processes: ProcessesScreen, keys: tuple[ProcessKey, ...]) -> None:
        """`keys` are .NET processes, the one that is shown first at their head."""
        super().__init__(processes)
        self._all = tuple(Followed(processes.model, key) for key in keys)
        self._index = 0
        self._looks: dict[ProcessKey, tuple[Look, ...]] = {}
        self._problems: dict[ProcessKey, OctotuiError] = {}
        self._unfolded: set[tuple[Frame, ...]] = set()
        self._since = self._next_at = 0.0
        self._wanted, self._taken, self._waits = 1, 0, ""

    @property
    def followed(self) -> Followed:
        return self._all[self._index]

    @property
    def key(self) -> ProcessKey:
        return self.followed.key

    @property
    def looks(self) -> tuple[Look, ...]:
        """Those of the process that is shown, oldest first; the looks that belong together."""
        return self._looks.get(self.key, ())

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        return {
            **super().handlers,
            "fold-frames": lambda: self._fold(is_open=False),
            "unfold-frames": lambda: self._fold(is_open=True),
            "toggle-frames": lambda: self._fold(is_open=None),
            "next-process": lambda: self._go_to(self._index + 1),
            "previous-process": lambda: self._go_to(self._index - 1),
            "look-again": lambda: self.look(1),
            "look-repeatedly": lambda: self.look(LOOKS),
            "write-analysis": self._write_files,
            "show-heap": lambda: self.processes.stacks.open_heap(self, self.key),
        }

    def why_not(self, action: Action) -> str:
        match action.id:
            case "look-again" | "look-repeatedly" if self.is_at_work:
                return f"It is being looked at already; {self.keymap.how('back')} stops that"
            case "next-process" | "previous-process" if len(self._all) == 1:
                return "It is the only .NET process of its tree"
            case "write-analysis" if self.processes.settings.read_only:
                return _READ_ONLY.format(how=self.keymap.how("copy-text"))
            case "show-heap":
                return self.processes.why_not(action)
        return super().why_not(action)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(TICK_SECONDS, self._tick)
        self.look(1)

    def look(self, count: int) -> None:
        """Begin `count` looks that belong together."""
        self._wanted, self._taken, self._waits, self._next_at = count, 0, "", 0.0
        self._since = time.monotonic()
        self._problems.pop(self.key, None)
        self.worker = self._take(self.followed, count)
        self.say("")
        self.show()

    def stop(self) -> str:
        """Ends repeated looks; a single one is left with the screen."""
        if not self.is_at_work or self.worker is None or self._wanted == 1:
            return ""
        self.worker.cancel()
        return f"Stopped after {self._taken} of {self._wanted} looks"

    def make_title(self, width: int) -> Line:
        row = self.followed.update()
        line = [Piece(" Stacks of "), Piece(self.glyphs.text(detail_title(row)) if row else "", "heading")]
        if len(self._all) > 1:
            how = self.keymap.name("next-process")
            line.append(Piece(f"  {self._index + 1} of {len(self._all)}" + (f" ({how})" if how else ""), "muted"))
        if self.is_at_work:
            line.append(Piece(f"  {self._progress()}", "capturing"))
        elif self.looks:
            line.append(Piece(f"  {taken_text(self.looks)}", "muted"))
        if row and self.followed.has_ended:
            line.append(Piece(f"  {ended_words(row)}", "exited"))
        return tuple(Piece(self.glyphs.text(piece.text), piece.style) for piece in line)

    def make_items(self, width: int) -> Sequence[Item]:
        glyphs, problem = self.glyphs, self._problems.get(self.key)
        items: list[Item] = []
        if problem is not None:
            items += problem_items(problem, width, glyphs)
            items += next_steps(problem, self.keymap.how, width, glyphs)
        elif self.is_at_work and not self.looks:
            items += looking_items("looking", time.monotonic() - self._since, self._waits, width, glyphs)
        elif self._waits:
            items += sentence_items(printable(self._waits, 300), "warning", width, glyphs)
        if self.looks:
            items += [EMPTY] if items else []
            items += stack_items(
                self.looks, self._unfolded, self.needle, width, glyphs, is_tight=self.app.size.height < TIGHT
            )
        return items

    @property
    def has_text(self) -> bool:
        return bool(self.looks)

    def text_to_copy(self) -> str:
        row = self.followed.row
        if not self.looks or row is None:
            return ""
        return "\n".join(
            [
                f"Stacks of {detail_title(row)}, {taken_text(self.looks)}",
                *map(printable, as_text(self.looks, is_whole=True)),
            ]
        )

    def _progress(self) -> str:
        seconds = self._next_at - time.monotonic()
        if self._wanted > 1 and seconds > 0:
            return f"{self._taken} of {self._wanted} looks, the next in {seconds:.0f} s"
        return f"look {self._taken + 1} of {self._wanted}…" if self._wanted > 1 else "looking…"

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _take(self, followed: Followed, count: int) -> None:
        key, observer = followed.key, self.processes.host.observer
        found: list[Look] = []
        before = self._looks.get(key, ())
        try:
            for number in range(count):
                if number:
                    self._next_at = time.monotonic() + APART_SECONDS
                    await asyncio.sleep(APART_SECONDS)
                # Code that was compiled since has no names yet.
                is_new = bool(before) and before[-1].unnamed_frames > 0
                found.append(await observer.look(key, fresh_names=is_new, on_wait=self._wait))
                before = self._looks[key] = tuple(found)
                self._taken, self._waits = number + 1, ""
                self.show()
        except OctotuiError as error:
            self._problems[key] = error

    def _wait(self, words: str) -> None:
        self._waits = words

    def _tick(self) -> None:
        """The seconds count before one's eyes, and that the process has ended is said."""
        if self.is_at_work and not self.looks:
            self.show()
        else:
            self.refresh_frame()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state in (WorkerState.PENDING, WorkerState.RUNNING):
            return
        event.stop()
        error = event.worker.error
        if event.state is WorkerState.ERROR:
            failed = OctotuiError(f"octotui itself failed ({type(error).__name__})", hint=printable(str(error), 200))
            self._problems[self.key] = failed
        self.show()

    def _go_to(self, index: int) -> None:
        """Another process of the tree; one that was not looked at yet is."""
        if self.worker is not None:
            self.worker.cancel()
        self._index = index % len(self._all)
        self.listing.move_to(0)
        if self.looks or self.key in self._problems:
            self.show()
        else:
            self.look(1)

    def _fold(self, *, is_open: bool | None) -> None:
        """The stack under the cursor whole or without its outermost frames; `is_open` None turns it around."""
        number = self.listing.cursor_item.group
        if number == NO_GROUP or not self.looks:
            self.say("Nothing is folded here; the cursor goes to a stack")
            return
        groups = ordered(self.looks[-1])
        frames = groups[number].frames if number < len(groups) else OTHERS
        if number < len(groups) and not can_be_folded(groups[number]):
            self.say("All of its frames are shown")
            return
        opened = frames not in self._unfolded if is_open is None else is_open
        (self._unfolded.add if opened else self._unfolded.discard)(frames)
        self.show()

    def _write_files(self) -> None:
        self.say("Taking the analysis…")
        self._write()

    @work(group="write", exclusive=True, exit_on_error=False)
    async def _write(self) -> None:
        sentences, is_error = await analysis_written(self.processes, self.key, self.say)
        self.tell(sentences, is_error=is_error)
