"""The main screen: status, process table, details when there is room, dumps, message and keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from octotui.config import Settings
from octotui.processes.model import ProcessKey, Sample
from octotui.processes.state import ViewState, toggle_fold
from octotui.processes.view import Row
from octotui.text import printable
from octotui.ui.actions import Action, Place
from octotui.ui.gauge import Gauge
from octotui.ui.handlers.captures import CaptureHandlers
from octotui.ui.handlers.moves import MoveHandlers
from octotui.ui.handlers.rules import Rules
from octotui.ui.handlers.views import ViewHandlers
from octotui.ui.inspection import Inspection
from octotui.ui.keymap import Keymap
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import target_name
from octotui.ui.lines.row import about_line
from octotui.ui.ports import DumpPort, HostPort
from octotui.ui.screens.acting import ActingScreen
from octotui.ui.table_model import TableModel
from octotui.ui.widgets.bars import KeyBar, MessageBar, StatusLine, TableHeader
from octotui.ui.widgets.detail_view import DetailView
from octotui.ui.widgets.dumps_panel import DumpsPanel
from octotui.ui.widgets.empty_state import EmptyState
from octotui.ui.widgets.filter_bar import FilterBar
from octotui.ui.widgets.process_table import ProcessTable


class ProcessesScreen(ActingScreen):
    """Shows samples as they come and turns keys into actions. Widgets show, handlers act, the model decides."""

    AUTO_FOCUS = "ProcessTable"
    place = Place.PROCESSES

    def __init__(self, host: HostPort, glyphs: Glyphs, keymap: Keymap, *, user: str) -> None:
        super().__init__(keymap, glyphs)
        self.host = host
        self.model = TableModel(host.settings)
        self.interval_seconds = host.settings.interval_seconds
        self._gauge = Gauge(user, is_read_only=host.settings.read_only)
        self.table = ProcessTable(glyphs=glyphs, id="table")
        self.filter_bar = FilterBar(id="filter")
        self.detail_view = DetailView(glyphs, id="detail")
        self._header = TableHeader(glyphs, id="header")
        self._status_line = StatusLine(glyphs, id="status")
        self._panel = DumpsPanel(glyphs, id="dumps")
        self._message = MessageBar(glyphs, id="message")
        self._keys = KeyBar(glyphs, keymap, id="keys")
        self._empty = EmptyState(glyphs, keymap, id="empty")
        self.inspection = Inspection(self)
        self.rules = Rules(self)
        self._views = ViewHandlers(self)
        self.captures = CaptureHandlers(self)
        self._handlers = {**MoveHandlers(self).by_id(), **self._views.by_id(), **self.captures.by_id()}

    def compose(self) -> ComposeResult:
        yield self._status_line
        with Horizontal(id="body"):
            with Vertical(id="list"):
                yield self._header
                yield self.table
                yield self._empty
            yield self.detail_view
        yield self._panel
        yield self.filter_bar
        yield self._message
        yield self._keys

    @property
    def settings(self) -> Settings:
        return self.host.settings

    @property
    def dumps(self) -> DumpPort:
        return self.host.dumps

    @property
    def message(self) -> str:
        """The sentence that stands in the message bar."""
        return self._message.message

    def take(self, sample: Sample) -> None:
        """Show a newer sample."""
        self.model.take(sample)
        self._gauge.take(sample)
        if self.app.screen is self:
            self.redraw()

    def report_problem(self, problem: str) -> None:
        """A scan failed: say so until one succeeds; the rows stay."""
        self._gauge.fail("scan failed")
        self._show_status()
        self.say(problem, is_error=True)

    def on_mount(self) -> None:
        self._show_keys()

    def on_screen_resume(self) -> None:
        """Under a dialog the view stands still; catch up with what came meanwhile."""
        if self.model.sample is not None:
            self.redraw()

    def change(self, state: ViewState) -> None:
        """Show the same sample another way."""
        self.model.change(state)
        self.redraw()

    def redraw(self) -> None:
        """Bring every widget up to date; each repaints only what differs."""
        model = self.model
        self.table.show(model.rows, model.cursor(), captured=self._captured())
        state = model.state
        self._header.put(self.table.columns_layout, state.sort, descending=state.descending)
        is_empty = model.sample is not None and not model.rows
        self._empty.put(state)
        self.set_class(is_empty, "-empty")
        self._panel.put(self.captures.jobs)
        self._show_status()
        self._show_cursor()

    def show_jobs(self) -> None:
        """Bring the dumps panel and the signs of captured rows up to date."""
        self._panel.put(self.captures.jobs)
        self.table.show(self.table.rows, self.table.cursor_key, captured=self._captured())
        self._show_keys()

    def _captured(self) -> frozenset[ProcessKey]:
        return frozenset(job.key for job in self.dumps.jobs if not job.state.is_over)

    def say(self, message: str, *, is_error: bool = False) -> None:
        """Put a sentence into the message bar; it stays until the next one or until a key of movement."""
        self._message.say(printable(message), is_error=is_error)

    def name_of(self, row: Row) -> str:
        return target_name(row.process.name, row.process.pid)

    @work(group="inspection", exclusive=True, exit_on_error=False)
    async def inspect(self, row: Row) -> None:
        await self.inspection.read(row)

    def show_details(self) -> None:
        """Bring the pane up to date, if there is room for one."""
        if self.detail_view.display:
            row = self.table.cursor_row
            self.detail_view.put(self.inspection.subject(row) if row else None)

    def open_details(self) -> None:
        from octotui.ui.screens.detail import DetailScreen

        key = self.table.cursor_key
        if key is not None:
            self.app.push_screen(DetailScreen(self, key))

    def open_dumps(self) -> None:
        from octotui.ui.screens.dumps import DumpsScreen

        self.app.push_screen(DumpsScreen(self))

    def set_interval_seconds(self, seconds: float) -> None:
        self.interval_seconds = seconds
        self.app.rescan()
        self._show_status()

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        return self._handlers

    def why_not(self, action: Action) -> str:
        return self.rules.why_not(action.rule)

    def acted(self) -> None:
        self._show_keys()

    @on(ProcessTable.CursorMoved)
    def _cursor_moved(self, event: ProcessTable.CursorMoved) -> None:
        self.model.wanted = event.key
        self._show_cursor()

    @on(ProcessTable.FoldClicked)
    def _fold_clicked(self, event: ProcessTable.FoldClicked) -> None:
        self.change(toggle_fold(self.model.state, event.key))

    @on(ProcessTable.LayoutChanged)
    def _layout_changed(self) -> None:
        state = self.model.state
        self._header.put(self.table.columns_layout, state.sort, descending=state.descending)

    @on(TableHeader.SortClicked)
    def _sort_clicked(self, event: TableHeader.SortClicked) -> None:
        self._views.sort_by(event.column)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self._views.try_filter(event.text)

    @on(FilterBar.Kept)
    def _filter_kept(self) -> None:
        if self.filter_bar.has_class("-wrong"):
            return
        self.filter_bar.close()
        self.table.focus()
        row = self.table.cursor_row
        if row is None or row.is_context:
            self._views.first_match()

    @on(FilterBar.Abandoned)
    def _filter_abandoned(self, event: FilterBar.Abandoned) -> None:
        self.filter_bar.close()
        self._views.try_filter(event.text)
        self.say("")
        self.table.focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_cursor)

    def _show_status(self) -> None:
        self._status_line.put(self._gauge.status(self.model, self.interval_seconds))

    def _show_cursor(self) -> None:
        row = self.table.cursor_row
        self._message.rest(about_line(row) if row else ())
        if self.detail_view.display and row is not None:
            self.inspection.attend(row)
        self.show_details()
        self._show_keys()

    def _show_keys(self) -> None:
        disabled = self.disabled_ids()
        self._keys.put(disabled=disabled, hidden=disabled & {"cancel-job"})
