"""The open files of one process: listening ports first, then connections, then every descriptor."""

from __future__ import annotations

from octotui.processes.openfiles import OpenFiles, open_files
from octotui.ui.lines.cells import Line
from octotui.ui.lines.readings import open_files_lines
from octotui.ui.screens.reading import ReadingScreen


class OpenFilesScreen(ReadingScreen):
    """Read again every few seconds while it is open."""

    heading = "Open files"
    own_action = "show-files"
    again_seconds = 3.0
    _found = OpenFiles(0, ())

    def read(self) -> None:
        row = self.followed.row
        if row is not None:
            self._found = open_files(row.process)

    def make_lines(self, width: int) -> tuple[Line, ...]:
        return open_files_lines(self._found, width, self.glyphs)
