"""Finding by the filter: typed, kept, cleared, and the walk from match to match."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from octotui.processes import state as view_state
from octotui.processes.filters import NO_FILTER, FilterError, parse_filter
from octotui.processes.state import ViewState

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class FilterHandlers:
    """Handlers of the filter. A text that makes no sense is explained where it stands and changes nothing."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        return {
            "filter": self.open,
            "matches-only": self.toggle_matches_only,
            "next-match": lambda: self._match(1),
            "previous-match": lambda: self._match(-1),
            "clear": self.clear,
        }

    def open(self) -> None:
        self._screen.filter_bar.open(self._state.filter.text)
        self._screen.say("")

    def attempt(self, text: str) -> None:
        """Show what `text` matches; a text that makes no sense is explained and the rows stay as they are."""
        bar = self._screen.filter_bar
        try:
            wanted = parse_filter(text)
        except FilterError as error:
            bar.mark_wrong(error.position, error.end)
            self._screen.say(str(error), is_error=True)
            return
        bar.mark_right()
        self._screen.change(view_state.with_filter(self._state, wanted))
        matches = len(self._screen.model.rows.matches())
        found = "1 match" if matches == 1 else f"{matches or 'no'} matches"
        self._screen.say("" if wanted.is_empty else f"{found}: {wanted.explanation}")

    def keep(self) -> None:
        """Enter: the filter stays, and the cursor goes to a match if it is on none."""
        if self._screen.filter_bar.is_wrong:
            return
        self._close()
        row = self._screen.table.cursor_row
        if row is None or row.is_context:
            index = self._screen.model.next_match(-1, 1)
            if index is not None:
                self._screen.table.move_to(index)

    def abandon(self, text: str) -> None:
        """Escape: the filter from before comes back."""
        self._close()
        self.attempt(text)
        self._screen.say("")

    def clear(self) -> None:
        """Escape on the table: the message goes first, then the filter."""
        if not self._state.filter.is_empty:
            self._screen.change(view_state.with_filter(self._state, NO_FILTER))
            self._screen.say("The filter is cleared")
        elif self._state.subtree is not None:
            self._screen.say("Only one process and what is below it is shown, as asked for at the start")
        else:
            is_clear = not self._screen.message
            self._screen.say("Nothing is filtered; there is nothing to clear" if is_clear else "")

    def toggle_matches_only(self) -> None:
        self._screen.change(view_state.toggle_matches_only(self._state))
        words = "Matches alone, with the way to them" if self._state.matches_only else "Matches with all that is below"
        self._screen.say(
            words + (f"; {self._screen.keymap.how('filter')} sets a filter" if self._state.filter.is_empty else "")
        )

    @property
    def _state(self) -> ViewState:
        return self._screen.model.state

    def _close(self) -> None:
        self._screen.filter_bar.close()
        self._screen.table.focus()

    def _match(self, step: int) -> None:
        table = self._screen.table
        index = self._screen.model.next_match(table.cursor_index, step)
        if index is None:
            self._screen.say("No process matches the filter")
        else:
            table.move_to(index)
            matches = self._screen.model.rows.matches()
            self._screen.say(f"Match {matches.index(index) + 1} of {len(matches)}")
