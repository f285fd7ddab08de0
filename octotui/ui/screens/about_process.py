"""What the screens about one process have in common: they follow it, scroll, copy, and go on to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.screen import Screen

from octotui.text import printable
from octotui.ui.following import Followed
from octotui.ui.handlers.details import READINGS, reading_screen
from octotui.ui.screens.process_keys import keys_line, process_bindings
from octotui.ui.widgets.lines_view import Paragraph

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

REFRESH_SECONDS = 0.5
_FAR = 1_000_000


class ProcessScreen(Screen[None]):
    """Base of the details and of what is read beside them. `own_action` is the action that opens the screen itself."""

    BINDINGS = process_bindings()
    own_action = ""

    def __init__(self, processes: ProcessesScreen, followed: Followed) -> None:
        super().__init__()
        self.processes = processes
        self.glyphs = processes.glyphs
        self.followed = followed
        self.said = ""
        self.hint = Paragraph(classes="screen-hint")

    @property
    def scroll(self) -> VerticalScroll:
        """What the keys of movement scroll."""
        raise NotImplementedError

    def show(self) -> None:
        """Bring the screen up to date."""
        raise NotImplementedError

    def path_to_copy(self) -> str:
        """What `y` copies: the program, unless the screen shows a file."""
        row = self.followed.row
        return row.process.executable.removesuffix(" (deleted)") if row else ""

    def open_reading(self, action_id: str) -> None:
        """Go on to another reading of this process."""
        opened = reading_screen(self.processes, action_id, self.followed)
        if isinstance(opened, str):
            self.say(opened)
        elif self.own_action:
            self.app.switch_screen(opened)
        else:
            self.app.push_screen(opened)

    def on_mount(self) -> None:
        self.show_all()
        self.set_interval(REFRESH_SECONDS, self.show_all)

    def on_resize(self) -> None:
        self.show_all()

    def show_all(self) -> None:
        self.followed.update()
        self.hint.put((keys_line(self.app.size.width, self.glyphs, without=(self.own_action,), said=self.said),))
        self.show()

    def say(self, words: str) -> None:
        """Put a sentence into the last line; the next key takes it away."""
        self.said = printable(words)
        self.show_all()

    def action_act(self, action_id: str) -> None:
        self.said = ""
        page = max(1, self.scroll.size.height - 2)
        steps = {
            "cursor-up": -1, "cursor-down": 1, "page-up": -page, "page-down": page, "cursor-first": -_FAR,
            "cursor-last": _FAR,
        }  # fmt: skip
        if action_id in steps:
            self.scroll.scroll_relative(y=steps[action_id], animate=False)
        elif action_id == self.own_action:
            self.say("This is it")
        elif action_id in READINGS:
            self.open_reading(action_id)
        elif action_id == "copy-command":
            row = self.followed.row
            self._copy(row.process.command if row else "", "This process has no command line")
        else:
            self._copy(self.path_to_copy(), "There is no path to copy: it is not known to this user")
        self.show_all()

    def _copy(self, text: str, otherwise: str) -> None:
        if text:
            self.processes.copy(text)
            self.said = self.processes.message
        else:
            self.said = otherwise
