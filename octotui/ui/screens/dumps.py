"""The dumps: jobs of this session and the records of the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from octotui.dumps.results import Job
from octotui.errors import OctotuiError
from octotui.text import printable
from octotui.ui.actions import Action, Place
from octotui.ui.background import in_daemon_thread
from octotui.ui.handlers.dumps import DumpHandlers
from octotui.ui.lines.cells import Line, Piece, cut, wrapped
from octotui.ui.lines.dumps import Entry, entries, entry_line, path_lines, title_line
from octotui.ui.lines.keys import hints_line
from octotui.ui.screens.acting import ActingScreen
from octotui.ui.widgets.hold_bar import HoldBar
from octotui.ui.widgets.lines_view import Paragraph

if TYPE_CHECKING:
    from octotui.dumps.keeping.limits import Fullness
    from octotui.dumps.keeping.records import DumpRecord
    from octotui.ui.screens.processes import ProcessesScreen

REFRESH_SECONDS = 0.25

_HINTS = ("back", "copy-path", "verify-dump", "remove-dump", "cancel-job", "help")


class DumpsScreen(ActingScreen):
    """A list with a cursor. The store is read when the screen opens and whenever a job ends."""

    place = Place.DUMPS
    also: ClassVar[Mapping[str, str]] = {"quit": "back"}

    def __init__(self, processes: ProcessesScreen) -> None:
        super().__init__(processes.keymap, processes.glyphs)
        self._processes = processes
        self._handlers = DumpHandlers(self, processes)
        self._records: tuple[DumpRecord, ...] = ()
        self._entries: tuple[Entry, ...] = ()
        self._cursor = 0
        self._over = -1
        self._problem = ""
        self._said = ""
        self._is_error = False
        self._fullness: Fullness | None = None
        self._title = Paragraph(classes="screen-title")
        self.hold_bar = HoldBar(self.glyphs, self.keymap)
        self.body = Paragraph()
        self._scroll = VerticalScroll(self.body, can_focus=False)
        self._path = Paragraph(classes="screen-path")
        self._hint = Paragraph(classes="screen-hint")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.hold_bar
        yield self._scroll
        yield self._path
        yield self._hint

    def on_mount(self) -> None:
        self._update()
        self.set_interval(REFRESH_SECONDS, self._update)

    def text(self) -> str:
        return "\n".join(part.text() for part in (self._title, self.body, self._path, self._hint))

    @property
    def selected(self) -> Entry | None:
        return self._entries[self._cursor] if self._cursor < len(self._entries) else None

    def move(self, step: int) -> None:
        """Move the cursor by `step` entries, stopping at the ends."""
        self._cursor = max(0, min(self._cursor + step, len(self._entries) - 1))
        self._update()
        self._scroll.scroll_to(y=max(0, self._cursor - self._scroll.size.height // 2), animate=False, force=True)

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        return self._handlers.by_id()

    def why_not(self, action: Action) -> str:
        return self._handlers.why_not(action)

    def say(self, message: str, *, is_error: bool = False) -> None:
        self._said, self._is_error = message, is_error
        if self.is_mounted:
            self._update()

    def note(self, message: str) -> None:
        """What to say at the next look, from whichever thread."""
        self._said, self._is_error = message, False

    @property
    def record(self) -> DumpRecord | None:
        """The record of the entry under the cursor: of a job too, when its dump stands in the store."""
        entry = self.selected
        if entry is None or entry.record is not None:
            return entry.record if entry else None
        return next((r for r in self._records if entry.path and str(r.path) == entry.path), None)

    @work(group="store", exclusive=True, exit_on_error=False)
    async def read_store(self) -> None:
        try:
            self._records = await in_daemon_thread(self._processes.host.store.records)
            self._problem = ""
            self._fullness = await in_daemon_thread(self._processes.host.fullness)
        except (OctotuiError, OSError) as error:
            self._problem = printable(str(error))
        self._update()

    def _update(self) -> None:
        jobs = self._processes.captures.jobs
        over = sum(job.state.is_over for job in jobs)
        if over != self._over:
            self._over = over
            self.read_store()
        selected = self.selected
        self._entries = entries(jobs, self._records)
        self._follow(selected)
        glyphs, width = self.glyphs, self.app.size.width
        count = f"{len(jobs)} of this session, {len(self._entries) - len(jobs)} from before"
        self._title.put((title_line(count, self._fullness, width, glyphs),))
        self.body.put(self._lines(width - 1))
        self._path.put(path_lines(self.selected, width, glyphs, again=self.keymap.how("verify-dump")))
        self._hint.put((self._hint_line(width),))

    def _hint_line(self, width: int) -> Line:
        """What was said last, else what is wrong with the store, else the keys."""
        said, is_error = (self._said, self._is_error) if self._said else (self._problem, True)
        if not said:
            disabled = self.disabled_ids()
            shown = (name for name in _HINTS if name != "cancel-job" or name not in disabled)
            return hints_line(shown, width, self.glyphs, self.keymap, disabled=disabled)
        sign = f"{self.glyphs.failed} " if is_error else ""
        text = cut(self.glyphs.text(sign + printable(said)), max(0, width - 2), self.glyphs.ellipsis)
        return (Piece(" "), Piece(text, "failed" if is_error else "name"))

    def _follow(self, selected: Entry | None) -> None:
        """Keep the cursor on what it was on when entries come above it."""
        if selected is None:
            return
        index = next((i for i, entry in enumerate(self._entries) if _is_same(entry, selected)), self._cursor)
        self._cursor = min(index, max(0, len(self._entries) - 1))

    def _lines(self, width: int) -> tuple[Line, ...]:
        glyphs = self.glyphs
        if not self._entries:
            back, dump = self.keymap.how("show-processes"), self.keymap.how("dump-tree")
            words = f"No dump yet. Go back to the processes with {back}, put the cursor on one and press {dump}."
            return tuple((Piece(f" {text}", "muted"),) for text in wrapped(glyphs.text(words), max(10, width - 2)))
        return tuple(
            entry_line(entry, width, glyphs, is_cursor=index == self._cursor)
            for index, entry in enumerate(self._entries)
        )


def _is_same(one: Entry, other: Entry) -> bool:
    ids = _job_id(one.job), _job_id(other.job)
    return ids[0] == ids[1] if ids != (-1, -1) else one.path == other.path


def _job_id(job: Job | None) -> int:
    return job.id if job else -1
