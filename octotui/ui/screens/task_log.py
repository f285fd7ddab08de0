"""The end of a task's Output.log, followed while it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.octopus.tasklog import TaskLog
from octotui.ui.following import Followed
from octotui.ui.lines.cells import Line
from octotui.ui.lines.readings import task_log_lines
from octotui.ui.screens.reading import ReadingScreen
from octotui.ui.table_model import TableModel

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class TaskLogScreen(ReadingScreen):
    """Stays at the end as long as nobody scrolls up."""

    heading = "Task log"
    own_action = "show-log"
    again_seconds = 1.0

    def __init__(self, processes: ProcessesScreen, followed: Followed) -> None:
        super().__init__(processes, followed)
        row = followed.row
        directory = row.meaning.work_directory if row else ""
        self._log = TaskLog(directory, followed.key, log_owners(processes.model, followed))
        self._tail = self._log.tail
        self._is_at_end = True

    def read(self) -> None:
        self._log.read()

    def will_show(self) -> None:
        self._is_at_end = not self.has_read or self.scroll.scroll_y >= self.scroll.max_scroll_y
        self._tail = self._log.tail

    def path_to_copy(self) -> str:
        return self._log.path

    def has_shown(self) -> None:
        if self._is_at_end:
            self.call_after_refresh(self.scroll.scroll_end, animate=False)

    def make_lines(self, width: int) -> tuple[Line, ...]:
        return task_log_lines(self._tail, width, self.glyphs)


def log_owners(model: TableModel, followed: Followed) -> frozenset[int]:
    """Whose log is read: the users of the process and of the Octopus processes above it."""
    if followed.row is None or model.sample is None:
        return frozenset()
    above = (p for p in model.ancestors(followed.key) if model.sample.meaning(p.key).role not in ("", "none"))
    return frozenset(process.uid for process in (followed.row.process, *above) if process.uid >= 0)
