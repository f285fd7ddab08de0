"""The main screen: status, process table, details when there is room, dumps, message and keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from octotui.config import Settings
from octotui.processes.model import Sample
from octotui.processes.state import ViewState, toggle_fold
from octotui.processes.view import Row
from octotui.text import printable
from octotui.ui.actions import Action, Place
from octotui.ui.analyses import Analyses
from octotui.ui.counting import Counting
from octotui.ui.gauge import Gauge
from octotui.ui.handlers.jumps import PidEntry
from octotui.ui.handlers.rules import Rules
from octotui.ui.handlers.stacks import StackHandlers
from octotui.ui.handlers.table import Handlers
from octotui.ui.handlers.watches import WatchHandlers
from octotui.ui.inspection import Inspection
from octotui.ui.keymap import Keymap
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import target_name
from octotui.ui.lines.row import about_line
from octotui.ui.ports import AnalysisPort, DumpPort, HostPort
from octotui.ui.screens.acting import ActingScreen
from octotui.ui.table_model import TableModel
from octotui.ui.watching import Watching
from octotui.ui.widgets.bars import KeyBar, MessageBar, StatusLine, TableHeader
from octotui.ui.widgets.detail_view import PANE_COMMAND_LINES, DetailView
from octotui.ui.widgets.dumps_panel import DumpsPanel
from octotui.ui.widgets.empty_state import EmptyState
from octotui.ui.widgets.filter_bar import FilterBar
from octotui.ui.widgets.hold_bar import HoldBar
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
        self.watching = Watching(host.watch)
        self._gauge = Gauge(user, host)
        self.table = ProcessTable(glyphs=glyphs, id="table")
        self.filter_bar = FilterBar(id="filter")
        self.detail_view = DetailView(glyphs, id="detail", most_command_lines=PANE_COMMAND_LINES)
        self._header = TableHeader(glyphs, id="header")
        self._status_line = StatusLine(glyphs, id="status")
        self.hold_bar = HoldBar(glyphs, keymap)
        self._panel = DumpsPanel(glyphs, id="dumps")
        self._message = MessageBar(glyphs, id="message")
        self._keys = KeyBar(glyphs, keymap, id="keys")
        self._empty = EmptyState(glyphs, keymap, id="empty")
        self.inspection = Inspection(self)
        self.counting = Counting(self)
        self.rules = Rules(self)
        self.pid_entry = PidEntry(self)
        self.watches = WatchHandlers(self)
        self.stacks = StackHandlers(self)
        self.analyses: AnalysisPort = Analyses(host)
        self._handlers = Handlers(self)
        self.captures, self.views = self._handlers.captures, self._handlers.views

    def compose(self) -> ComposeResult:
        yield from (self._status_line, self.hold_bar)
        with Horizontal(id="body"):
            with Vertical(id="list"):
                yield self._header
                yield self.table
                yield self._empty
            yield self.detail_view
        yield from (self._panel, self.filter_bar, self._message, self._keys)

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
        self._handlers.recordings.tell()
        if self.app.screen is self:
            self.redraw() if self.model.freeze is None else self._show_status()

    def report_problem(self, problem: str) -> None:
        """A scan failed: say so until one succeeds; the rows stay."""
        self._gauge.fail("scan failed")
        self._show_status()
        self.say(problem, is_error=True)

    def on_mount(self) -> None:
        self._show_keys()

    def on_screen_suspend(self) -> None:
        """Another screen covers the pane: nothing is counted for nobody's eyes."""
        self.counting.attend()

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
        model.wanted = self.table.take_move() or model.wanted
        self.table.show(model.rows, model.cursor(), signs=self.watching.signs(self.dumps.jobs))
        if model.wanted is not None and not model.is_known(model.wanted):
            model.wanted = self.table.cursor_key
        self._layout_changed()
        is_empty = model.sample is not None and not model.rows
        if is_empty:
            self._empty.put(model.state)
        self._empty.replace((self._header, self.table), is_empty)
        self._panel.put(self.captures.jobs)
        self._show_status()
        self._show_cursor()

    def show_jobs(self) -> None:
        """Bring the dumps panel and the signs of captured rows up to date."""
        self._panel.put(self.captures.jobs)
        self.table.show(self.table.rows, self.table.cursor_key, signs=self.watching.signs(self.dumps.jobs))
        self._show_keys()

    def show_watch(self) -> None:
        """Bring up to date what shows rules and holds: signs of rows, the status line, what is held."""
        self.app.show_holds()
        self.show_jobs()
        self._show_status()

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

    def row_in_detail(self) -> Row | None:
        return self.table.cursor_row if self.detail_view.display else None

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        return self._handlers.by_id

    def why_not(self, action: Action) -> str:
        return self.rules.why_not(action.rule)

    def acted(self) -> None:
        self._show_keys()

    @on(ProcessTable.CursorMoved)
    def _cursor_moved(self, event: ProcessTable.CursorMoved) -> None:
        self.model.wanted = self.table.take_move() or event.key
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
        self.views.sort_by(event.column)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self._handlers.filters.attempt(event.text)

    @on(FilterBar.Kept)
    def _filter_kept(self) -> None:
        self._handlers.filters.keep()

    @on(FilterBar.Abandoned)
    def _filter_abandoned(self, event: FilterBar.Abandoned) -> None:
        self._handlers.filters.abandon(event.text)

    def on_key(self, event: events.Key) -> None:
        """Text for the filter bar and the digits of a pid are no keys of the action table."""
        bound = self.active_bindings.get(event.key)
        if self.filter_bar.take(event.key, event.character) or self.pid_entry.take(event.key, event.character):
            event.stop().prevent_default()
        elif bound is not None and bound.binding.id == "filter":
            # Opened here, because the next key can be on its way already.
            self.action_act("filter")
            event.stop().prevent_default()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_cursor)

    def _show_status(self) -> None:
        self._status_line.put(
            self._gauge.status(self.model, self.interval_seconds, self.app.sampling.pause_seconds, self.watching)
        )

    def _show_cursor(self) -> None:
        row = self.table.cursor_row
        self._message.rest(about_line(row) if row else ())
        shown = self.row_in_detail()
        if shown is not None:
            self.inspection.attend(shown)
        self.counting.attend()
        self.show_details()
        self._show_keys()
        if shown is not None:
            self.inspection.ask(shown)

    def _show_keys(self) -> None:
        disabled = self.disabled_ids()
        self._keys.put(disabled=disabled, hidden=disabled & {"cancel-job", "replay-pause"})
