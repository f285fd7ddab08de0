"""Which actions are enabled now, and why the others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.ui.absent import NO_ASKING, NO_CAPTURE, NO_WATCH
from octotui.ui.actions import Rule

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class Rules:
    """Answers the rules of the action table for the screen as it is now."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen

    def is_enabled(self, rule: Rule) -> bool:
        return not self.why_not(rule)

    def why_not(self, rule: Rule) -> str:
        """Why an action of that rule is not available now, as a sentence; "" when it is."""
        screen, how = self._screen, self._screen.keymap.how
        has_cursor = screen.table.cursor_row is not None
        has_target = has_cursor or bool(screen.model.state.marks)
        match rule:
            case Rule.CAPTURE | Rule.PLAN if screen.host.replay is not None:
                return NO_CAPTURE
            case Rule.WATCH | Rule.HOLD if screen.host.replay is not None:
                return NO_WATCH
            case Rule.STACKS | Rule.HEAP if screen.host.replay is not None:
                return NO_ASKING
            case Rule.HEAP if screen.settings.read_only:
                return "Read-only (an option or a setting): no process is stopped to count its objects"
            case Rule.STACKS | Rule.HEAP:
                return "" if has_cursor else "There is no process under the cursor"
            case Rule.LIVE if screen.host.replay is not None:
                return "Not in a replay: nothing of this machine is read"
            case Rule.REPLAY:
                return "" if screen.host.replay is not None else "Only in a replay: octotui --replay FILE shows one"
            case Rule.CAPTURE if screen.settings.read_only:
                return f"Read-only (an option or a setting): nothing is captured; {how('show-plan')} shows the plan"
            case Rule.WATCH | Rule.HOLD if screen.settings.read_only:
                return "Read-only (an option or a setting): nothing is caught and nothing is held"
            case Rule.HOLD if screen.watching.holds:
                return ""
            case Rule.WATCH:
                return "" if screen.model.latest is not None else "The process table is not read yet"
            case Rule.HOLD:
                return "" if has_cursor else "There is no process under the cursor"
            case Rule.CAPTURE | Rule.PLAN:
                return "" if has_target else "There is no process to capture here"
            case Rule.CURSOR:
                return "" if has_cursor else "There is no process under the cursor"
            case Rule.MARKS:
                return "" if screen.model.state.marks else f"No process is marked; {how('mark')} marks one"
            case Rule.FILTER:
                return "" if not screen.model.state.filter.is_empty else f"No filter is set; {how('filter')} sets one"
            case Rule.JOB:
                return (
                    ""
                    if screen.dumps.has_running or screen.watching.traced
                    else "No capture runs; there is nothing to cancel"
                )
        return ""
