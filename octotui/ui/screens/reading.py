"""Something of one process that is read on demand, in a thread, while its screen is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from octotui.errors import OctotuiError, ProcessGone
from octotui.text import printable
from octotui.ui.background import in_daemon_thread
from octotui.ui.following import Followed
from octotui.ui.lines.cells import Line, Piece, cut_line, wrapped
from octotui.ui.lines.details import detail_title, ended_words
from octotui.ui.screens.about_process import ProcessScreen
from octotui.ui.widgets.lines_view import LinesView, Paragraph

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

READING = "reading…"


class _Body(LinesView):
    def __init__(self, maker: Callable[[int], tuple[Line, ...]]) -> None:
        super().__init__()
        self._maker = maker

    def make_lines(self, width: int) -> tuple[Line, ...]:
        return self._maker(width) if width > 0 else ()


class ReadingScreen(ProcessScreen):
    """Shows `reading…` until the first reading is there; keeps the last one when the process ends.

    `heading` says what is read, `again_seconds` how often: 0 for once. A reading that never ends holds up nothing:
    it is left behind with the screen.
    """

    heading = ""
    again_seconds = 0.0

    def __init__(self, processes: ProcessesScreen, followed: Followed) -> None:
        super().__init__(processes, followed)
        self.has_read = False
        self.problem = ""
        self._made: tuple[int, tuple[Line, ...]] | None = None
        self._title = Paragraph(classes="screen-title")
        self._body = _Body(self._lines)
        self._scroll = VerticalScroll(self._body, can_focus=False)

    def read(self) -> None:
        """Reads once and keeps what was found (blocking, in a thread). Raises OctotuiError."""
        raise NotImplementedError

    def make_lines(self, width: int) -> tuple[Line, ...]:
        """What was found, in lines of at most `width` cells."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.hold_bar
        yield self._scroll
        yield self.hint

    @property
    def scroll(self) -> VerticalScroll:
        return self._scroll

    def text(self) -> str:
        return f"{self._title.text()}\n{self._body.text()}"

    def on_mount(self) -> None:
        super().on_mount()
        self._follow()

    def show(self) -> None:
        row, glyphs = self.followed.row, self.glyphs
        name = glyphs.text(detail_title(row)) if row else ""
        ended = f"  {ended_words(row)}; this was read last" if row and self.followed.has_ended else ""
        title = (Piece(f" {self.heading} of "), Piece(name, "heading"), Piece(ended, "exited"))
        self._title.put((cut_line(title, self.app.size.width, glyphs.ellipsis),))
        self._body.changed()

    @work(group="reading", exclusive=True, exit_on_error=False)
    async def _follow(self) -> None:
        while True:
            try:
                await in_daemon_thread(self.read)
                self.will_show()
                self.has_read, self.problem = True, ""
            except ProcessGone as error:
                self.problem = "" if self.has_read else error.message
            except OctotuiError as error:
                self.problem = str(error)
            self._made = None
            self.show_all()
            self.has_shown()
            if not self.again_seconds:
                return
            await asyncio.sleep(self.again_seconds)

    def will_show(self) -> None:
        """Called when there is a new reading, before it is shown."""

    def has_shown(self) -> None:
        """Called when a reading has been shown."""

    def _lines(self, width: int) -> tuple[Line, ...]:
        """Made once for each reading and width: hundreds of lines take milliseconds."""
        if self._made is None or self._made[0] != width:
            self._made = (width, self._new_lines(width))
        return self._made[1]

    def _new_lines(self, width: int) -> tuple[Line, ...]:
        room = max(1, width - 2)
        if self.problem or not self.has_read:
            style = "warning" if self.problem else "muted"
            words = self.glyphs.text(printable(self.problem or READING))
            return tuple((Piece(" "), Piece(text, style)) for text in wrapped(words, room))
        return tuple((Piece(" "), *line) for line in self.make_lines(room))
