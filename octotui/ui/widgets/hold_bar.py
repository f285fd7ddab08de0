"""The line that says what is held, on every screen, for as long as it is; no line while nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octotui.dumps.arming.state import HoldState
from octotui.ui.keymap import Keymap
from octotui.ui.lines.cells import Line
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.holds import hold_line
from octotui.ui.widgets.lines_view import LinesView

if TYPE_CHECKING:
    from octotui.ui.app import OctotuiApp


class HoldBar(LinesView):
    """Stands below the first line, and in its place where there is no room for two."""

    app: OctotuiApp

    def __init__(self, glyphs: Glyphs, keymap: Keymap | None = None) -> None:
        """`keymap` says which key lets go, where that key works."""
        super().__init__()
        self._glyphs = glyphs
        self._keymap = keymap
        self._holds: Sequence[HoldState] = ()
        self._now = 0.0

    def on_mount(self) -> None:
        """A screen that opens while something is held says so at once."""
        self.app.show_holds()

    def put(self, holds: Sequence[HoldState], now: float) -> None:
        """`now` is `time.monotonic()`: the seconds of the holds count up from one call to the next."""
        was_shown = bool(self._holds)
        self._holds, self._now = holds, now
        if holds or was_shown:
            self.set_class(bool(holds), "-shown")
            self.changed()

    def make_lines(self, width: int) -> tuple[Line, ...]:
        how = self._keymap.how("hold") if self._keymap else ""
        return (hold_line(self._holds, self._now, width, self._glyphs, how),)
