"""The Dumps panel: the jobs of this session, as many as there is room for; nothing while there is none."""

from __future__ import annotations

from octotui.dumps.results import Job
from octotui.ui.lines.cells import Line, Piece
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import panel_lines
from octotui.ui.widgets.bars import StatusLine
from octotui.ui.widgets.lines_view import LinesView


class DumpsPanel(LinesView):
    """Shows jobs in the order of their submission; its height follows the screen's."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._jobs: tuple[Job, ...] = ()

    def put(self, jobs: tuple[Job, ...]) -> None:
        if not jobs and not self._jobs:
            return
        self._jobs = jobs
        self.set_class(bool(jobs), "-shown")
        self.changed()
        for status in self.screen.query(StatusLine):
            status.put_jobs(jobs)

    def make_lines(self, width: int) -> tuple[Line, ...]:
        lines = panel_lines(self._jobs, width - 2, self._most_lines(), self._glyphs)
        return tuple((Piece(" "), *line) for line in lines)

    def _most_lines(self) -> int:
        height = self.app.size.height
        if height < 12:
            return 1
        return 2 if height < 20 else max(4, height // 4)
