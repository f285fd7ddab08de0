"""What is shown and how: scope, order, freeze, interval, details, other screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from octotui.processes import state as view_state
from octotui.processes.state import Scope, SortColumn, ViewState
from octotui.ui.lines.status import SCOPE_NAMES, interval_text

if TYPE_CHECKING:
    from octotui.ui.screens.acting import ActingScreen
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
            "freeze": self.freeze,
            "toggle-kernel": self.toggle_kernel,
            "keep-in-view": self.keep_in_view,
            "sort-previous": lambda: self._sort(view_state.next_sort(self._state, -1)),
            "sort-next": lambda: self._sort(view_state.next_sort(self._state, 1)),
            "invert-sort": lambda: self._sort(view_state.invert_sort(self._state)),
            "show-processes": self.stay,
            "show-dumps": lambda: self.open_dumps(self._screen),
            "interval-longer": lambda: self._interval(1),
            "interval-shorter": lambda: self._interval(-1),
        }

    def stay(self) -> None:
        how = self._screen.keymap.how
        self._screen.say(f"These are the processes; {how('show-dumps')} shows the dumps, {how('show-rules')} the rules")

    def toggle_tree(self) -> None:
        self._screen.change(view_state.toggle_tree(self._state))
        self._screen.say("Processes as a tree" if self._state.is_tree else "Processes as a flat list")

    def cycle_scope(self) -> None:
        self._screen.change(view_state.next_scope(self._state))
        # Others are watched now, whose figures were not read of late.
        self._screen.app.rescan()
        self._screen.say(f"Showing {SCOPE_NAMES[self._state.scope]}: {len(self._screen.model.rows)} rows")

    def sort_by(self, column: SortColumn) -> None:
        """A click on a title: sort by it; a second one turns the order around."""
        is_same = column is self._state.sort
        self._sort(view_state.invert_sort(self._state) if is_same else view_state.sort_by(self._state, column))

    def freeze(self) -> None:
        """The view stands still or goes on; what came and went meanwhile is said."""
        said = self._screen.model.toggle_freeze(self._screen.keymap.how("freeze"))
        self._screen.redraw()
        self._screen.say(said)

    def toggle_kernel(self) -> None:
        self._screen.change(view_state.toggle_kernel(self._state))
        words = "Kernel threads are shown" if self._state.show_kernel else "Kernel threads are hidden"
        is_among = self._state.scope is Scope.EVERYTHING
        self._screen.say(
            words if is_among else f"{words} among everything; {self._screen.keymap.how('cycle-scope')} goes there"
        )

    def keep_in_view(self) -> None:
        table = self._screen.table
        table.keep_in_view = not table.keep_in_view
        self._screen.redraw()
        on, off = "The cursor is kept in view", "The view may be scrolled away from the cursor"
        self._screen.say(on if table.keep_in_view else off)

    def open_dumps(self, screen: ActingScreen) -> None:
        """The list of dumps, in the place of `screen` where that is another list."""
        from octotui.ui.screens.dumps import DumpsScreen

        opened = DumpsScreen(self._screen)
        if screen is self._screen:
            screen.app.push_screen(opened)
        else:
            screen.app.switch_screen(opened)

    @property
    def _state(self) -> ViewState:
        return self._screen.model.state

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
        self._screen.interval_seconds = new
        self._screen.app.rescan()
        self._screen.redraw()
        self._screen.say(f"A scan every {interval_text(new)}")
