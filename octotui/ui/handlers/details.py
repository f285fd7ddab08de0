"""Opening what is known of one process: its details, environment, open files and task log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from octotui.ui.following import Followed
from octotui.ui.replay import NOT_LIVE

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen
    from octotui.ui.screens.reading import ReadingScreen

READINGS = ("show-environment", "show-files", "show-log")
"""The actions that read something of one process on demand; they work in its details too."""


class DetailHandlers:
    """Handlers of the main screen, for the process under the cursor."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        return {"details": self.details, **{name: partial(self._read, name) for name in READINGS}}

    def details(self) -> None:
        from octotui.ui.screens.detail import DetailScreen

        key = self._screen.table.cursor_key
        if key is not None:
            self._screen.app.push_screen(DetailScreen(self._screen, key))

    def _read(self, action_id: str) -> None:
        key = self._screen.table.cursor_key
        if key is not None:
            opened = reading_screen(self._screen, action_id, Followed(self._screen.model, key))
            if isinstance(opened, str):
                self._screen.say(opened)
            else:
                self._screen.app.push_screen(opened)


def reading_screen(processes: ProcessesScreen, action_id: str, followed: Followed) -> ReadingScreen | str:
    """The screen that shows what was asked for of the process, or a sentence that says why there is none."""
    if processes.host.replay is not None:
        return f"{NOT_LIVE[0].upper()}{NOT_LIVE[1:]}"
    from octotui.ui.screens.environment import EnvironmentScreen
    from octotui.ui.screens.open_files import OpenFilesScreen
    from octotui.ui.screens.task_log import TaskLogScreen

    if followed.row is None:
        return "There is no process under the cursor"
    if action_id == "show-log":
        if not followed.row.meaning.work_directory:
            name = processes.name_of(followed.row)
            return f"{name} has no task log: it belongs to no task with a work directory"
        return TaskLogScreen(processes, followed)
    if followed.has_ended:
        return f"{processes.name_of(followed.row)} has ended; its environment and files are gone with it"
    return (
        EnvironmentScreen(processes, followed)
        if action_id == "show-environment"
        else OpenFilesScreen(processes, followed)
    )
