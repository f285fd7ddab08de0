"""The environment of one process: names, and the values that may be shown."""

from __future__ import annotations

from octotui.octopus.environment import shown_value
from octotui.processes.environment import Environment, environment
from octotui.ui.lines.cells import Line
from octotui.ui.lines.readings import environment_lines
from octotui.ui.screens.reading import ReadingScreen


class EnvironmentScreen(ReadingScreen):
    """Read once: it is what the process was started with."""

    heading = "Environment"
    own_action = "show-environment"
    _found = Environment(())

    def read(self) -> None:
        row = self.followed.row
        if row is not None:
            self._found = environment(row.process, shown_value=shown_value)

    def make_lines(self, width: int) -> tuple[Line, ...]:
        return environment_lines(self._found, width, self.glyphs)
