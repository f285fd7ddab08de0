"""What is shown and how: scope, order, filter, interval, details, other screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from octotui.processes import state as view_state
from octotui.processes.filters import NO_FILTER, FilterError, parse_filter
from octotui.processes.state import SortColumn, ViewState
from octotui.ui.lines.status import SCOPE_NAMES, interval_text

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

INTERVALS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)

_SORT_NAMES = {
    SortColumn.TREE: "start",
    SortColumn.PID: "pid",
    SortColumn.CPU: "CPU",
    SortColumn.MEMORY: "memory",
    SortColumn.AGE: "age",
    SortColumn.NAME: "name",
    SortColumn.ROLE: "role",
}


class ViewHandlers:
    """Handlers that change the view and say what it is now."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        return {
            "toggle-tree": self.toggle_tree,
            "cycle-scope": self.cycle_scope,
            "filter": self.open_filter,
            "next-match": lambda: self._match(1),
            "previous-match": lambda: self._match(-1),
            "clear": self.clear,
            "sort-previous": lambda: self._sort(view_state.next_sort(self._state, -1)),
            "sort-next": lambda: self._sort(view_state.next_sort(self._state, 1)),
            "invert-sort": lambda: self._sort(view_state.invert_sort(self._state)),
            "details": self._screen.open_details,
            "show-processes": self.stay,
            "show-dumps": self._screen.open_dumps,
            "interval-longer": lambda: self._interval(1),
            "interval-shorter": lambda: self._interval(-1),
        }

    def stay(self) -> None:
        self._screen.say(f"These are the processes; {self._screen.keymap.how('show-dumps')} shows the dumps")

    def toggle_tree(self) -> None:
        self._screen.change(view_state.toggle_tree(self._state))
        self._screen.say("Processes as a tree" if self._state.is_tree else "Processes as a flat list")

    def cycle_scope(self) -> None:
        self._screen.change(view_state.next_scope(self._state))
        self._screen.say(f"Showing {SCOPE_NAMES[self._state.scope]}: {len(self._screen.model.rows)} rows")

    def sort_by(self, column: SortColumn) -> None:
        """A click on a title: sort by it; a second one turns the order around."""
        is_same = column is self._state.sort
        self._sort(view_state.invert_sort(self._state) if is_same else view_state.sort_by(self._state, column))

    def open_filter(self) -> None:
        self._screen.filter_bar.open(self._state.filter.text)
        self._screen.say("")

    def try_filter(self, text: str) -> None:
        """Show what `text` matches; a text that makes no sense is explained and the rows stay as they are."""
        try:
            wanted = parse_filter(text)
        except FilterError as error:
            self._screen.filter_bar.mark_wrong(True)
            self._screen.say(str(error), is_error=True)
            return
        self._screen.filter_bar.mark_wrong(False)
        self._screen.change(view_state.with_filter(self._state, wanted))
        matches = sum(row.is_match for row in self._screen.model.rows)
        found = "1 match" if matches == 1 else f"{matches} matches"
        self._screen.say("" if wanted.is_empty else f"{found}: {wanted.explanation}")

    def clear(self) -> None:
        """Escape: the message goes first, then the filter."""
        if not self._state.filter.is_empty:
            self._screen.change(view_state.with_filter(self._state, NO_FILTER))
            self._screen.say("The filter is cleared")
        elif self._state.subtree is not None:
            self._screen.say("Only one process and what is below it is shown, as asked for at the start")
        else:
            is_clear = not self._screen.message
            self._screen.say("Nothing is filtered; there is nothing to clear" if is_clear else "")

    def first_match(self) -> None:
        """The cursor on the first process that matches the filter; it stays where there is none."""
        index = self._screen.model.next_match(-1, 1)
        if index is not None:
            self._screen.table.move_to(index)

    @property
    def _state(self) -> ViewState:
        return self._screen.model.state

    def _match(self, step: int) -> None:
        table = self._screen.table
        index = self._screen.model.next_match(table.cursor_index, step)
        if index is None:
            self._screen.say("No process matches the filter")
        else:
            table.move_to(index)
            matches = [i for i, row in enumerate(table.rows) if row.is_match]
            self._screen.say(f"Match {matches.index(index) + 1} of {len(matches)}")

    def _sort(self, changed: ViewState) -> None:
        self._screen.change(changed)
        order = "falling" if changed.descending else "rising"
        within = ", within each parent" if changed.is_tree else ""
        self._screen.say(f"Sorted by {_SORT_NAMES[changed.sort]}, {order}{within}")

    def _interval(self, step: int) -> None:
        now = self._screen.interval_seconds
        longer = [seconds for seconds in INTERVALS if seconds > now]
        shorter = [seconds for seconds in INTERVALS if seconds < now]
        new = (longer[:1] or [INTERVALS[-1]])[0] if step > 0 else (shorter[-1:] or [INTERVALS[0]])[0]
        self._screen.set_interval_seconds(new)
        self._screen.say(f"A scan every {interval_text(new)}")
