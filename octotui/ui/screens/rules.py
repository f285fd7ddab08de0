"""The watch rules: what is armed, what each has caught, what became of it, and what was told of late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from octotui.dumps.arming.state import RuleState
from octotui.text import printable
from octotui.ui.actions import Action, Place
from octotui.ui.lines.cells import Line, Piece, cut
from octotui.ui.lines.keys import hints_line
from octotui.ui.lines.rules import empty_lines, news_lines, rule_lines, title_line, told_line
from octotui.ui.screens.acting import ActingScreen
from octotui.ui.widgets.hold_bar import HoldBar
from octotui.ui.widgets.lines_view import Paragraph

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

REFRESH_SECONDS = 0.5
_FAR = 1 << 20
_HINTS = ("back", "watch", "disarm-rule", "hold", "copy-path", "help")


class RulesScreen(ActingScreen):
    """A list with a cursor, newest first, and the news below it. The arrows go from rule to rule, the pages scroll."""

    place = Place.RULES
    also: ClassVar[Mapping[str, str]] = {"quit": "back"}

    def __init__(self, processes: ProcessesScreen) -> None:
        super().__init__(processes.keymap, processes.glyphs)
        self._processes = processes
        self._watching = processes.watching
        self._rules: tuple[RuleState, ...] = ()
        self._cursor_id: int | None = None
        self._said = ""
        self._is_error = False
        self._title = Paragraph(classes="screen-title")
        self.hold_bar = HoldBar(self.glyphs, self.keymap)
        self.body = Paragraph()
        self._scroll = VerticalScroll(self.body, can_focus=False)
        self._news = Paragraph(classes="screen-path")
        self._hint = Paragraph(classes="screen-hint")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.hold_bar
        yield self._scroll
        yield self._news
        yield self._hint

    def on_mount(self) -> None:
        self.update()
        self.set_interval(REFRESH_SECONDS, self.update)

    def on_resize(self) -> None:
        self.update()

    def text(self) -> str:
        return "\n".join(part.text() for part in (self._title, self.body, self._news, self._hint))

    @property
    def selected(self) -> RuleState | None:
        found = next((state for state in self._rules if state.id == self._cursor_id), None)
        return found or next(iter(self._rules), None)

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        watches, page = self._processes.watches, max(1, self._scroll.size.height - 2)
        return {
            "cursor-up": partial(self._move, -1),
            "cursor-down": partial(self._move, 1),
            "page-up": partial(self._scroll_by, -page),
            "page-down": partial(self._scroll_by, page),
            "cursor-first": partial(self._move, -_FAR),
            "cursor-last": partial(self._move, _FAR),
            "watch": lambda: watches.watch(self),
            "hold": lambda: watches.hold(self, None),
            "disarm-rule": self._disarm,
            "copy-path": self._copy_path,
            "show-processes": self.leave,
            "show-dumps": lambda: self._processes.views.open_dumps(self),
            "back": self.leave,
        }

    def why_not(self, action: Action) -> str:
        match action.id:
            case "watch" | "show-dumps":
                return self._processes.why_not(action)
            case "hold" if not self._watching.holds:
                return "No process is held"
            case "disarm-rule" if self.selected is None:
                return "There is no rule to disarm"
            case "copy-path" if not self._newest_path():
                return "No rule has made a dump yet"
        return ""

    def leave(self) -> None:
        self.dismiss(None)

    def say(self, message: str, *, is_error: bool = False) -> None:
        self._said, self._is_error = printable(message), is_error
        if self.is_mounted:
            self.update()

    def update(self) -> None:
        """Bring the screen up to date."""
        watching, glyphs, width = self._watching, self.glyphs, self.app.size.width
        self._rules = tuple(reversed(watching.rules))
        armed = len(watching.armed)
        self._title.put((title_line(armed, len(self._rules) - armed, width, glyphs),))
        self.body.put(self._lines(max(1, width - 1)))
        last = [watching.news[-1]] if watching.news else []
        self._news.put(tuple(told_line(told, width - 1, glyphs) for told in last))
        self._hint.put((self._hint_line(width),))

    def _lines(self, width: int) -> tuple[Line, ...]:
        how, selected = self.keymap.how, self.selected
        lines: list[Line] = []
        for state in self._rules:
            is_cursor = selected is not None and state.id == selected.id
            lines += rule_lines(state, self._watching.now, width, self.glyphs, is_cursor=is_cursor)
        if not lines:
            lines += empty_lines(width, self.glyphs, how=how("watch"), back=how("show-processes"))
        return (*lines, *news_lines(self._watching.news, width, self.glyphs))

    def _hint_line(self, width: int) -> Line:
        if not self._said:
            disabled = self.disabled_ids()
            shown = (name for name in _HINTS if name not in disabled or name in ("back", "watch"))
            return hints_line(shown, width, self.glyphs, self.keymap, disabled=disabled)
        sign = f"{self.glyphs.failed} " if self._is_error else ""
        text = cut(self.glyphs.text(sign + self._said), max(0, width - 2), self.glyphs.ellipsis)
        return (Piece(" "), Piece(text, "failed" if self._is_error else "name"))

    def _move(self, step: int) -> None:
        selected = self.selected
        if selected is None:
            return
        index = next(i for i, state in enumerate(self._rules) if state.id == selected.id)
        index = max(0, min(index + step, len(self._rules) - 1))
        self._cursor_id = self._rules[index].id
        above = sum(
            len(rule_lines(state, self._watching.now, max(1, self.app.size.width - 1), self.glyphs, is_cursor=False))
            for state in self._rules[:index]
        )
        self.update()
        self._scroll.scroll_to(y=above, animate=False, force=True)

    def _scroll_by(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False, immediate=True)

    def _disarm(self) -> None:
        state = self.selected
        if state is None:
            return
        if state.ending is None:
            self._processes.watches.disarm(self, state)
        else:
            self._watching.watch.dismiss(state.id)
            self.say(f"Rule {state.id} left the list; its dumps stay")

    def _newest_path(self) -> str:
        paths = [str(result.path) for result in self._watching.watch.results if result.path]
        return paths[-1] if paths else ""

    def _copy_path(self) -> None:
        self.copy(self._newest_path())
