"""The dumps: jobs of this session and the records of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen

from octotui.dumps.results import Job
from octotui.errors import OctotuiError
from octotui.text import printable
from octotui.ui.background import in_daemon_thread
from octotui.ui.lines.cells import Line, Piece, cut, wrapped
from octotui.ui.lines.dumps import Entry, entries, entry_line, path_lines, record_name, title_line
from octotui.ui.lines.jobs import job_name
from octotui.ui.widgets.lines_view import Paragraph
from octotui.units import bytes_text

if TYPE_CHECKING:
    from octotui.dumps.keeping.limits import Fullness
    from octotui.dumps.keeping.records import DumpRecord
    from octotui.ui.screens.processes import ProcessesScreen

REFRESH_SECONDS = 0.25

_KEYS = "Esc back   y copy path   V verify again   R remove   x cancel job"
_READ_ONLY = "Read-only (an option or a setting): nothing is removed; octotui dumps export copies one"


class DumpsScreen(Screen[None]):
    """A list with a cursor. The store is read when the screen opens and whenever a job ends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,1,q", "dismiss", "Back", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+u", "move(-10)", "Page up", show=False),
        Binding("pagedown,ctrl+d", "move(10)", "Page down", show=False),
        Binding("g,home", "move(-100000)", "First", show=False),
        Binding("G,end", "move(100000)", "Last", show=False),
        Binding("x", "cancel_job", "Cancel job", show=False),
        Binding("y", "copy", "Copy path", show=False),
        Binding("V", "verify", "Verify again", show=False),
        Binding("R,delete", "remove", "Remove", show=False),
    ]

    def __init__(self, processes: ProcessesScreen) -> None:
        super().__init__()
        self._processes = processes
        self._records: tuple[DumpRecord, ...] = ()
        self._entries: tuple[Entry, ...] = ()
        self._cursor = 0
        self._over = -1
        self._problem = ""
        self._is_reading = False
        self._said = ""
        self._fullness: Fullness | None = None
        self._title = Paragraph(classes="screen-title")
        self.body = Paragraph()
        self._scroll = VerticalScroll(self.body, can_focus=False)
        self._path = Paragraph(classes="screen-path")
        self._hint = Paragraph(classes="screen-hint")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._scroll
        yield self._path
        yield self._hint

    def on_mount(self) -> None:
        self._update()
        self.set_interval(REFRESH_SECONDS, self._update)

    def text(self) -> str:
        return "\n".join(part.text() for part in (self._title, self.body, self._path, self._hint))

    @property
    def _selected(self) -> Entry | None:
        return self._entries[self._cursor] if self._cursor < len(self._entries) else None

    def action_move(self, step: int) -> None:
        self._cursor = max(0, min(self._cursor + step, len(self._entries) - 1))
        self._said = ""
        self._update()
        self._scroll.scroll_to(y=max(0, self._cursor - self._scroll.size.height // 2), animate=False, force=True)

    def action_copy(self) -> None:
        entry = self._selected
        if entry is None or not entry.path:
            self._said = "This entry has no file"
        else:
            self.app.copy_to_clipboard(entry.path)
            self._said = f"Copied: {entry.path}"
        self._update()

    def action_cancel_job(self) -> None:
        entry = self._selected
        if entry is None or entry.job is None or entry.job.state.is_over:
            self._said = "Nothing to cancel here: it is over"
        else:
            self._processes.dumps.cancel(entry.job.id)
            self._said = f"Cancelling {job_name(entry.job)}: the target resumes and no half file stays"
        self._update()

    def action_verify(self) -> None:
        record = self._record
        if record is None or record.path is None:
            self._say("This entry has no file to verify")
        elif self._is_reading:
            self._say("A dump is being verified already")
        else:
            self._is_reading = True
            self._verify(record)

    @work(group="verify", exit_on_error=False)
    async def _verify(self, record: DumpRecord) -> None:
        """Reads all of the dump again, in a thread; leaving the screen ends it."""
        from octotui.dumps.keeping.recheck import recheck

        name = record_name(record)

        def told(done: int) -> None:
            self._said = f"Verifying {name}: {bytes_text(done)} of {bytes_text(record.size_bytes)}"

        told(0)
        try:
            found = await in_daemon_thread(lambda: recheck(record, told, lambda: not self.is_running))
        except (OctotuiError, OSError) as error:
            self._said = f"{name}: {error}"
        else:
            words = "; ".join(found.differences) or "; ".join(found.notes) or "as it was recorded"
            self._said = f"{name} is {'whole' if found.is_good else 'not what was recorded'}: {words}"
        finally:
            self._is_reading = False
        self._update()

    def action_remove(self) -> None:
        from octotui.ui.screens.remove import RemoveDialog

        record = self._record
        if self._processes.settings.read_only:
            self._say(_READ_ONLY)
        elif record is None:
            self._say("This entry has nothing to remove")
        else:

            def answered(yes: bool | None) -> None:
                if yes:
                    self._remove(record)

            self.app.push_screen(RemoveDialog(record, self._processes.glyphs), answered)

    @work(group="remove", exit_on_error=False)
    async def _remove(self, record: DumpRecord) -> None:
        try:
            await in_daemon_thread(lambda: self._processes.host.store.remove(record))
            self._processes.captures.note_removed(str(record.path))
            self._said = f"Removed {record_name(record)}, {bytes_text(record.size_bytes)}"
        except (OctotuiError, OSError) as error:
            self._said = printable(str(error))
        self._read_store()

    def _say(self, words: str) -> None:
        self._said = words
        self._update()

    @property
    def _record(self) -> DumpRecord | None:
        """The record of the entry under the cursor: of a job too, when its dump stands in the store."""
        entry = self._selected
        if entry is None or entry.record is not None:
            return entry.record if entry else None
        return next((r for r in self._records if entry.path and str(r.path) == entry.path), None)

    @work(group="store", exclusive=True, exit_on_error=False)
    async def _read_store(self) -> None:
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
            self._read_store()
        selected = self._selected
        self._entries = entries(jobs, self._records)
        self._follow(selected)
        glyphs, width = self._processes.glyphs, self.app.size.width
        count = f"{len(jobs)} of this session, {len(self._entries) - len(jobs)} from before"
        self._title.put((title_line(count, self._fullness, width, glyphs),))
        self.body.put(self._lines(width - 1))
        self._path.put(path_lines(self._selected, width, glyphs))
        said = glyphs.text(printable(self._said or self._problem))
        self._hint.put(((Piece(" " + cut(said or _KEYS, max(0, width - 2)), "name" if said else "muted"),),))

    def _follow(self, selected: Entry | None) -> None:
        """Keep the cursor on what it was on when entries come above it."""
        if selected is None:
            return
        index = next((i for i, entry in enumerate(self._entries) if _is_same(entry, selected)), self._cursor)
        self._cursor = min(index, max(0, len(self._entries) - 1))

    def _lines(self, width: int) -> tuple[Line, ...]:
        glyphs = self._processes.glyphs
        if not self._entries:
            words = "No dump yet. Go back to the processes with 1, put the cursor on one and press d."
            return tuple((Piece(f" {text}", "muted"),) for text in wrapped(words, max(10, width - 2)))
        return tuple(
            entry_line(entry, width, glyphs, is_cursor=index == self._cursor)
            for index, entry in enumerate(self._entries)
        )


def _is_same(one: Entry, other: Entry) -> bool:
    ids = _job_id(one.job), _job_id(other.job)
    return ids[0] == ids[1] if ids != (-1, -1) else one.path == other.path


def _job_id(job: Job | None) -> int:
    return job.id if job else -1
