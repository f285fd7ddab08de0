"""All handlers of the main screen, and which of them runs each action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.ui.handlers.captures import CaptureHandlers
from octotui.ui.handlers.details import DetailHandlers
from octotui.ui.handlers.filtering import FilterHandlers
from octotui.ui.handlers.moves import MoveHandlers
from octotui.ui.handlers.recordings import RecordingHandlers
from octotui.ui.handlers.views import ViewHandlers

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class Handlers:
    """`by_id` has exactly one handler for every action that works on the process screen."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self.views = ViewHandlers(screen)
        self.filters = FilterHandlers(screen)
        self.captures = CaptureHandlers(screen)
        self.recordings = RecordingHandlers(screen)
        parts = (
            self.views, self.filters, self.captures, self.recordings, MoveHandlers(screen), DetailHandlers(screen),
            screen.watches, screen.stacks,
        )  # fmt: skip
        self.by_id = {name: handler for part in parts for name, handler in part.by_id().items()}
