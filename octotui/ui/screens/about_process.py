"""What the screens about one process have in common: they follow it, scroll, copy, and go on to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll

from octotui.text import printable
from octotui.ui.actions import Action, Place
from octotui.ui.following import Followed
from octotui.ui.handlers.details import READINGS, reading_screen
from octotui.ui.lines.cells import Piece, cut
from octotui.ui.lines.keys import hints_line
from octotui.ui.screens.acting import ActingScreen
from octotui.ui.widgets.hold_bar import HoldBar
from octotui.ui.widgets.lines_view import Paragraph

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

REFRESH_SECONDS = 0.5
_FAR = 1_000_000
_HINTS = ("back", "show-stacks", *READINGS, "copy-command", "copy-path", "help")


class ProcessScreen(ActingScreen):
    """Base of the details and of what is read beside them. `own_action` is the action that opens the screen itself."""

    place = Place.DETAIL
    also: ClassVar[Mapping[str, str]] = {"quit": "back", "details": "back", "toggle-fold": "page-down"}
    own_action = ""

    def __init__(self, processes: ProcessesScreen, followed: Followed) -> None:
        super().__init__(processes.keymap, processes.glyphs)
        self.processes = processes
        self.followed = followed
        self.said = ""
        self._is_bad = False
        self.hold_bar = HoldBar(self.glyphs, self.keymap)
        self.hint = Paragraph(classes="screen-hint")

    @property
    def scroll(self) -> VerticalScroll:
        """What the keys of movement scroll."""
        raise NotImplementedError

    def show(self) -> None:
        """Bring the screen up to date."""
        raise NotImplementedError

    def path_to_copy(self) -> str:
        """What `copy-path` copies: the program, unless the screen shows a file."""
        row = self.followed.row
        return row.process.executable.removesuffix(" (deleted)") if row else ""

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        page = max(1, self.scroll.size.height - 2)
        steps = {
            "cursor-up": -1, "cursor-down": 1, "page-up": -page, "page-down": page, "cursor-first": -_FAR,
            "cursor-last": _FAR,
        }  # fmt: skip
        return {
            **{name: partial(self._scroll_by, lines) for name, lines in steps.items()},
            **{name: partial(self.open_reading, name) for name in READINGS},
            "hold": lambda: self.processes.watches.hold(self, self.followed.key),
            "show-stacks": lambda: self.processes.stacks.open(self, self.followed.key),
            "show-heap": lambda: self.processes.stacks.open_heap(self, self.followed.key),
            "copy-command": lambda: self.copy(self._command()),
            "copy-path": lambda: self.copy(self.path_to_copy()),
            "show-processes": self.leave,
            "back": self.leave,
        }

    def why_not(self, action: Action) -> str:
        if action.id == "copy-command" and not self._command():
            return "This process has no command line"
        if action.id == "copy-path" and not self.path_to_copy():
            return "There is no path to copy: it is not known to this user"
        if action.id in ("show-stacks", "show-heap"):
            return self.processes.why_not(action)
        if action.id == "hold":
            is_held = self.processes.watching.hold_of(self.followed.key) is not None
            return "" if is_held else self.processes.why_not(action)
        return "This is it" if action.id == self.own_action else ""

    def open_reading(self, action_id: str) -> None:
        """Go on to another reading of this process."""
        opened = reading_screen(self.processes, action_id, self.followed)
        if isinstance(opened, str):
            self.say(opened)
        elif self.own_action:
            self.app.switch_screen(opened)
        else:
            self.app.push_screen(opened)

    def leave(self) -> None:
        self.dismiss(None)

    def on_mount(self) -> None:
        self.show_all()
        self.set_interval(REFRESH_SECONDS, self.show_all)

    def on_resize(self) -> None:
        self.show_all()

    def show_all(self) -> None:
        self.followed.update()
        self._show_hint()
        self.show()

    def say(self, message: str, *, is_error: bool = False) -> None:
        """Put a sentence into the last line; the next key takes it away."""
        self.said, self._is_bad = printable(message), is_error
        self.show_all()

    def _show_hint(self) -> None:
        width = self.app.size.width
        if self.said:
            text = cut(self.glyphs.text(self.said), max(0, width - 2), self.glyphs.ellipsis)
            self.hint.put(((Piece(" "), Piece(text, "failed" if self._is_bad else "name")),))
        else:
            shown = tuple(name for name in _HINTS if name != self.own_action)
            self.hint.put((hints_line(shown, width, self.glyphs, self.keymap, disabled=self.disabled_ids()),))

    def _scroll_by(self, lines: int) -> None:
        self.scroll.scroll_relative(y=lines, animate=False, immediate=True)

    def _command(self) -> str:
        row = self.followed.row
        return row.process.command if row else ""
