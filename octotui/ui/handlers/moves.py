"""Moving the cursor, folding and marking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from octotui.processes import state as view_state
from octotui.processes.model import ProcessKey
from octotui.processes.state import ViewState
from octotui.processes.view import Row

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class MoveHandlers:
    """Handlers that change where the cursor is, or folds and marks around it."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        table = self._screen.table
        return {
            "cursor-up": lambda: table.move(-1),
            "cursor-down": lambda: table.move(1),
            "page-up": lambda: table.move_page(-1),
            "page-down": lambda: table.move_page(1),
            "cursor-first": lambda: table.move_to(0),
            "cursor-last": lambda: table.move_to(len(table.rows) - 1),
            "go-to-pid": self._screen.pid_entry.begin,
            "fold": self.fold,
            "unfold": self.unfold,
            "toggle-fold": self.toggle_fold,
            "fold-all": self.fold_all,
            "fold-children": self.fold_children,
            "mark": self.mark,
            "mark-tree": self.mark_tree,
            "clear-marks": self.clear_marks,
        }

    def fold(self) -> None:
        """Fold an open parent; otherwise go to the parent."""
        row = self._screen.table.cursor_row
        if row is None:
            return
        if row.has_children and not row.is_folded and self._state.is_tree:
            self._screen.change(view_state.fold(self._state, row.key))
            return
        parent = self._screen.model.forest.parent(row.key)
        if parent is not None:
            self._screen.table.move_to_key(parent)

    def unfold(self) -> None:
        """Unfold a folded parent; otherwise go to the first child."""
        table = self._screen.table
        row = table.cursor_row
        if row is None or not row.has_children:
            return
        if row.is_folded:
            self._screen.change(view_state.unfold(self._state, row.key))
        else:
            table.move(1)

    def toggle_fold(self) -> None:
        row = self._screen.table.cursor_row
        if row is None:
            return
        if not row.has_children:
            self._screen.say(f"{self._screen.name_of(row)} has nothing below it to fold")
            return
        self._screen.change(view_state.toggle_fold(self._state, row.key))

    def fold_all(self) -> None:
        self._screen.change(view_state.fold_all(self._state, self._screen.model.forest))
        folded = len(self._state.folded)
        self._screen.say("Everything below the roots is folded" if folded else "Everything is unfolded")

    def fold_children(self) -> None:
        row = self._screen.table.cursor_row
        if row is None:
            return
        forest, name = self._screen.model.forest, self._screen.name_of(row)
        self._screen.change(view_state.fold_children(self._state, forest, row.key))
        parents = [child for child in forest.children(row.key) if forest.children(child)]
        if parents:
            verb = "folded" if parents[0] in self._state.folded else "unfolded"
            self._screen.say(f"The children of {name} are {verb}")
        else:
            self._screen.say(f"No child of {name} has anything to fold")

    def mark(self) -> None:
        row = self._screen.table.cursor_row
        if row is None:
            return
        self._mark(row, view_state.toggle_mark(self._state, row.key))
        self._screen.table.move(1)

    def mark_tree(self) -> None:
        row = self._screen.table.cursor_row
        if row is None:
            return
        self._mark(row, view_state.toggle_mark_tree(self._state, self._screen.model.forest, row.key))

    def clear_marks(self) -> None:
        self._screen.change(view_state.clear_marks(self._state))
        self._screen.say("No process is marked")

    @property
    def _state(self) -> ViewState:
        return self._screen.model.state

    def _mark(self, row: Row, changed: ViewState) -> None:
        self._screen.change(changed)
        count = len(changed.marks)
        verb = "is marked" if row.key in changed.marks else "is no longer marked"
        self._screen.say(
            f"{self._screen.name_of(row)} {verb}; {_counted(changed.marks)}" if count else "No mark is left"
        )


def _counted(marks: frozenset[ProcessKey]) -> str:
    return "1 process is marked" if len(marks) == 1 else f"{len(marks)} processes are marked"
