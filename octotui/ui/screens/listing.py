"""A screen of lines with a cursor, a search through them, and their text for the clipboard."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.worker import Worker, WorkerError

from octotui.processes.model import ProcessKey
from octotui.text import printable
from octotui.ui.actions import Action
from octotui.ui.lines.cells import Line, Piece, cut, cut_line
from octotui.ui.lines.keys import hints_line
from octotui.ui.lines.listing import Item, lines_below, next_place, places_of
from octotui.ui.screens.acting import ActingScreen
from octotui.ui.widgets.filter_bar import FilterBar
from octotui.ui.widgets.hold_bar import HoldBar
from octotui.ui.widgets.lines_view import Paragraph
from octotui.ui.widgets.listing import Listing

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

_FAR = 1 << 30


class ListingScreen(ActingScreen):
    """Base of the screens that show something taken from one process. Their lines are made anew whenever the width,
    the search or what is known changes."""

    AUTO_FOCUS = ""
    also: ClassVar[Mapping[str, str]] = {"quit": "back"}
    hints: ClassVar[tuple[str, ...]] = ()

    def __init__(self, processes: ProcessesScreen) -> None:
        super().__init__(processes.keymap, processes.glyphs)
        self.processes = processes
        self.needle = ""
        self._needle_before, self._cursor_before = "", 0
        self._said: tuple[str, ...] = ()
        self._is_bad = False
        self._title = Paragraph(classes="screen-title")
        self.hold_bar = HoldBar(self.glyphs, self.keymap)
        self.listing = Listing(self.glyphs)
        self._below = Paragraph(classes="screen-path")
        self.search_bar = FilterBar(placeholder="a part of a name; Enter keeps it, n and N go on")
        self._hint = Paragraph(classes="screen-hint")

    worker: Worker[None] | None = None
    """What asks the process something, while it does."""

    @property
    def is_at_work(self) -> bool:
        return self.worker is not None and not self.worker.is_finished

    @property
    def key(self) -> ProcessKey:
        """The process that is shown."""
        raise NotImplementedError

    def make_title(self, width: int) -> Line:
        raise NotImplementedError

    def make_items(self, width: int) -> Sequence[Item]:
        """All lines, of at most `width` cells each."""
        raise NotImplementedError

    @property
    def has_text(self) -> bool:
        """Whether there is anything to copy."""
        raise NotImplementedError

    def text_to_copy(self) -> str:
        """The text of all that is shown, nothing cut and nothing folded."""
        raise NotImplementedError

    def stop(self) -> str:
        """End what is going on and say so; "" when nothing is."""
        return ""

    def compose(self) -> ComposeResult:
        yield from (self._title, self.hold_bar, self.listing, self._below, self.search_bar, self._hint)

    def text(self) -> str:
        parts = (self._title, self.listing, self._below, self._hint)
        return "\n".join(part.text() for part in parts)

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        listing = self.listing
        return {
            "cursor-up": partial(self._move, listing.move, -1),
            "cursor-down": partial(self._move, listing.move, 1),
            "page-up": partial(self._move, listing.move_page, -1),
            "page-down": partial(self._move, listing.move_page, 1),
            "cursor-first": partial(self._move, listing.move_to, 0),
            "cursor-last": partial(self._move, listing.move_to, _FAR),
            "search": self._search,
            "next-found": lambda: self._go_on(1),
            "previous-found": lambda: self._go_on(-1),
            "copy-text": self._copy,
            "hold": lambda: self.processes.watches.hold(self, self.key),
            "show-processes": self.leave,
            "back": self._back,
        }

    def why_not(self, action: Action) -> str:
        match action.id:
            case "copy-text" if not self.has_text:
                return "There is nothing to copy yet"
            case "next-found" | "previous-found" if not self.needle:
                return f"Nothing is searched for; {self.keymap.how('search')} does"
            case "hold" if self.processes.watching.hold_of(self.key) is None:
                return self.processes.why_not(action)
        return ""

    def say(self, message: str, *, is_error: bool = False) -> None:
        """A sentence for the last line; the next key of movement takes it away."""
        self.tell((message,) if message else (), is_error=is_error)

    def tell(self, sentences: Sequence[str], *, is_error: bool = False) -> None:
        """Several of them: the first stands in the last line, the others above it, whole."""
        self._said, self._is_bad = tuple(printable(text) for text in sentences), is_error
        if self.is_mounted:
            self.refresh_frame()

    def copy(self, text: str) -> None:
        """The text has many lines: how many is said, not what is in them."""
        super().copy(text)
        self.say(f"Copied {text.count(chr(10)) + 1} lines, {len(text)} characters")

    def leave(self) -> None:
        self.dismiss(None)

    async def rest(self) -> None:
        """End what is going on and wait until nothing of it is left: the program is about to stand still."""
        worker = self.worker
        if worker is not None and not worker.is_finished:
            worker.cancel()
            with contextlib.suppress(WorkerError):
                await worker.wait()

    def show(self) -> None:
        """Make all lines anew."""
        self.listing.put(self.make_items(self.listing.room), self.needle)
        self.refresh_frame()

    def on_mount(self) -> None:
        self.show()

    def on_resize(self) -> None:
        self.call_after_refresh(self.show)

    def refresh_frame(self) -> None:
        width, glyphs = self.app.size.width, self.glyphs
        self._title.put((cut_line(self.make_title(width), width, glyphs.ellipsis),))
        height = self.app.size.height
        self._below.put(lines_below(self._said[1:], self.listing.cursor_item, width, height, glyphs))
        if not self._said:
            shown = tuple(name for name in self.hints if name != "next-found" or self.needle)
            self._hint.put((hints_line(shown, width, glyphs, self.keymap, disabled=self.disabled_ids()),))
            return
        sign = f"{glyphs.failed} " if self._is_bad else ""
        text = cut(glyphs.text(sign + self._said[0]), max(0, width - 2), glyphs.ellipsis)
        self._hint.put(((Piece(" "), Piece(text, "failed" if self._is_bad else "name")),))

    def _move(self, move: Callable[[int], None], step: int) -> None:
        move(step)
        self.refresh_frame()

    def _back(self) -> None:
        """What is going on ends first, then the search, then the screen is left."""
        if stopped := self.stop():
            self.say(stopped)
        elif self.needle:
            self.needle = ""
            self.show()
            self.say("The search is cleared")
        else:
            self.leave()

    def _copy(self) -> None:
        self.copy(self.text_to_copy())

    def _search(self) -> None:
        self._needle_before, self._cursor_before = self.needle, self.listing.cursor
        self.say("")
        self.search_bar.open(self.needle)

    def _go_on(self, step: int) -> None:
        places = places_of(self.needle, self.listing.items)
        place = next_place(places, self.listing.cursor, step)
        if place is None:
            self.say(f'Nothing has "{printable(self.needle, 60)}" in it')
            return
        self.listing.move_to(place)
        self.say(f"Place {places.index(place) + 1} of {len(places)}")

    @on(FilterBar.Changed)
    def _typed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self.needle = event.text
        self.show()
        self.listing.move_to(self._cursor_before)
        if self.needle and self.needle.casefold() not in self.listing.cursor_item.text.casefold():
            self._go_on(1)
        else:
            self.say("")

    @on(FilterBar.Kept)
    def _kept(self, event: FilterBar.Kept) -> None:
        event.stop()
        self._close_search()

    @on(FilterBar.Abandoned)
    def _abandoned(self, event: FilterBar.Abandoned) -> None:
        event.stop()
        self._close_search()
        self.needle = self._needle_before
        self.show()
        self.listing.move_to(self._cursor_before)
        self.say("")

    def _close_search(self) -> None:
        self.search_bar.close()
        self.set_focus(None)

    def on_key(self, event: events.Key) -> None:
        """Text for the search that comes before its line has the focus."""
        bound = self.active_bindings.get(event.key)
        if self.search_bar.take(event.key, event.character):
            event.stop().prevent_default()
        elif bound is not None and bound.binding.id == "search":
            self.action_act("search")
            event.stop().prevent_default()
