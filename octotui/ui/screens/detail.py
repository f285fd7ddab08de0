"""The details of one process on a screen of their own, kept up to date as samples come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from octotui.processes.model import ProcessKey
from octotui.processes.view import Row
from octotui.ui.following import Followed
from octotui.ui.screens.about_process import ProcessScreen
from octotui.ui.widgets.detail_view import DetailView

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class DetailScreen(ProcessScreen):
    """Stays with its process; when that has ended, the last known facts remain."""

    def __init__(self, processes: ProcessesScreen, key: ProcessKey) -> None:
        super().__init__(processes, Followed(processes.model, key))
        self.view = DetailView(processes.glyphs)

    def compose(self) -> ComposeResult:
        yield self.hold_bar
        yield self.view
        yield self.hint

    @property
    def scroll(self) -> VerticalScroll:
        return self.view

    def text(self) -> str:
        return self.view.text()

    def row_in_detail(self) -> Row | None:
        return self.followed.row

    def show(self) -> None:
        row = self.followed.row
        if row is not None:
            self.processes.inspection.attend(row)
            self.processes.counting.attend()
            self.view.put(self.processes.inspection.subject(row))
            self.processes.inspection.ask(row)
