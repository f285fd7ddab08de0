"""The way from an action's id to the handler that does it, for the main screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.ui.actions import BY_ID, Group
from octotui.ui.handlers.captures import CaptureHandlers
from octotui.ui.handlers.details import DetailHandlers
from octotui.ui.handlers.filtering import FilterHandlers
from octotui.ui.handlers.moves import MoveHandlers
from octotui.ui.handlers.recordings import RecordingHandlers
from octotui.ui.handlers.views import ViewHandlers

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class Handlers:
    """All handlers of the screen. Every action of the table that is not global has exactly one."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen
        self.views = ViewHandlers(screen)
        self.filters = FilterHandlers(screen)
        self.captures = CaptureHandlers(screen)
        self.recordings = RecordingHandlers(screen)
        parts = (
            self.views, self.filters, self.captures, self.recordings, MoveHandlers(screen), DetailHandlers(screen),
        )  # fmt: skip
        self._by_id = {name: handler for part in parts for name, handler in part.by_id().items()}

    def act(self, action_id: str) -> None:
        """Run the action with that id; one that is not available now answers with the reason."""
        action = BY_ID[action_id]
        if reason := self._screen.rules.why_not(action.rule):
            self._screen.say(reason)
            return
        if action.group is Group.MOVE:
            self._screen.say("")
        self._by_id[action_id]()
