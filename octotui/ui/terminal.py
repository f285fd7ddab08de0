"""The application's side of the terminal: its themes, no colour where none is wanted, what is sent, and the mouse."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.filter import Monochrome, NoColor
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widgets import Input

from octotui.ui import themes
from octotui.ui.colours import Colourless, wants_no_colour
from octotui.ui.driver import driver_class
from octotui.ui.repaint import Canvas

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen

_MOUSE_OFF = "Mouse off: select text as usual; {key} turns it on again"
_MOUSE_ON = "Mouse on: click, fold, scroll; Shift and drag selects text; {key} turns it off"


class PlainScrollBar(ScrollBarRender):
    """A scrollbar without the partial blocks that an ASCII terminal cannot show."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class TerminalApp(App[int]):
    """An application that moves nothing by itself and sends only what changed."""

    def __init__(self, *, theme: str, is_mouse_on: bool) -> None:
        """`theme` is one of `themes.NAMES`."""
        super().__init__(driver_class=driver_class())
        self.animation_level = "none"
        for name in themes.NAMES:
            self.register_theme(themes.make_theme(name))
        self.theme = themes.theme_name(theme)
        self.is_mouse_on = is_mouse_on
        self._canvas = Canvas()
        self._leave_colours(wants_no_colour(os.environ))

    def draw_plainly(self, is_ascii: bool) -> None:
        """Keep to ASCII in what Textual itself draws."""
        self.set_class(is_ascii, "-ascii")
        ScrollBar.renderer = PlainScrollBar if is_ascii else ScrollBarRender

    def redraw(self) -> None:
        """Send the whole picture, whatever another program wrote over it."""
        self._canvas.forget()
        self.refresh()

    def switch_mouse(self, key: str) -> str:
        """Have the terminal report the mouse or keep it to itself; `key` is the one that switches back. What is so now,
        as a sentence.
        """
        self.is_mouse_on = not self.is_mouse_on
        if self._driver is not None and hasattr(self._driver, "set_mouse"):
            self._driver.set_mouse(self.is_mouse_on)
        return (_MOUSE_ON if self.is_mouse_on else _MOUSE_OFF).format(key=key)

    def on_resize(self) -> None:
        """What was sent for the size before, and on its way, may stand anywhere or be lost."""
        self._canvas.forget()
        self.call_after_refresh(self.redraw)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A blinking cursor would be sent twice a second for nothing."""
        if isinstance(event.widget, Input):
            event.widget.cursor_blink = False

    def _leave_colours(self, is_colourless: bool) -> None:
        """Textual takes an empty NO_COLOR for a set one, and draws in greys where it is set."""
        self.no_color = is_colourless
        self._filters = [one for one in self._filters if not isinstance(one, Monochrome | NoColor)]
        if is_colourless:
            self._filters.append(Colourless())

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        is_sent = self._running and not self._closed and not self._batch_count and not self.is_headless
        if is_sent and isinstance(renderable, CompositorUpdate):
            renderable = self._canvas.difference(renderable)
        super()._display(screen, renderable)
