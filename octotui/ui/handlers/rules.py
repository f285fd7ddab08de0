"""Which actions are enabled now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.ui.actions import ACTIONS, Rule

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class Rules:
    """Answers the rules of the action table for the screen as it is now."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen

    def is_enabled(self, rule: Rule) -> bool:
        screen = self._screen
        has_target = bool(screen.model.state.marks or screen.table.cursor_row)
        match rule:
            case Rule.CURSOR:
                return screen.table.cursor_row is not None
            case Rule.CAPTURE:
                return has_target and not screen.settings.read_only
            case Rule.PLAN:
                return has_target
            case Rule.MARKS:
                return bool(screen.model.state.marks)
            case Rule.FILTER:
                return not screen.model.state.filter.is_empty
            case Rule.JOB:
                return screen.dumps.has_running
        return True

    def disabled_ids(self) -> frozenset[str]:
        return frozenset(action.id for action in ACTIONS if not self.is_enabled(action.rule))
