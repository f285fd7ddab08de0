"""Asks before quitting while something ends with octotui: a capture, a rule, a hold, a trace."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from octotui.ui.lines.cells import Line, Piece, cut, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.holds import hold_name
from octotui.ui.lines.jobs import job_name, target_name
from octotui.ui.ports import DumpPort
from octotui.ui.screens.dialog import Choice, Dialog
from octotui.ui.watching import Watching

REFRESH_SECONDS = 0.25
_MOST = 6


class QuitDialog(Dialog[bool]):
    """Answers True when it is to be quit, whatever runs then. Says how things stand while it asks."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "leave", "Quit", show=False)]

    def __init__(self, service: DumpPort, watching: Watching, glyphs: Glyphs) -> None:
        self._service = service
        self._watching = watching
        super().__init__(glyphs)

    def make_choices(self) -> tuple[Choice, ...]:
        return (Choice("Stay", "Esc", id="stay"), Choice("Cancel captures and quit", "y", id="leave"))

    def on_mount(self) -> None:
        super().on_mount()
        self._update()
        self.offer(self.query_one("#stay", Choice))
        self.set_interval(REFRESH_SECONDS, self._update)

    def _update(self) -> None:
        live = [job for job in self._service.jobs if not job.state.is_over]
        is_idle = self._watching.is_idle
        leave = self.query_one("#leave", Choice)
        leave.rename("Cancel captures and quit" if live else "Quit")
        if not live and is_idle:
            self.put("No capture runs any more", (self._line("Quitting loses nothing now."),))
            return
        lines: list[Line] = []
        if live:
            lines += [self._line(f"{job_name(job)}: {job.state.value}") for job in live[:_MOST]]
            lines += self._words("Quitting cancels them: the targets run on, no half file stays.")
        lines += self._watched()
        title = "A capture is running" if live else "Something is held" if self._watching.holds else "Rules are armed"
        self.put(title, tuple(lines))

    def _watched(self) -> list[Line]:
        """What becomes of holds, traces and rules."""
        watching, lines = self._watching, list[Line]()
        if watching.holds:
            names = ", ".join(hold_name(hold) for hold in watching.holds[:_MOST])
            lines += self._words(f"Held: {names}. Quitting lets go.")
        if watching.traced:
            names = ", ".join(target_name(one.name, one.key.pid) for one in watching.traced[:_MOST])
            lines += self._words(f"Traced: {names}. Quitting ends the trace and runs on: its end is not captured.")
        if watching.armed:
            count = len(watching.armed)
            rules = "1 rule is armed. It ends" if count == 1 else f"{count} rules are armed. They end"
            lines += self._words(f"{rules} with octotui: nothing more is caught.")
        return lines

    def _words(self, text: str) -> list[Line]:
        return [(Piece(part, "warning"),) for part in wrapped(self.glyphs.text(text), self.body_width)]

    def _line(self, text: str, style: str = "") -> Line:
        return (Piece(cut(self.glyphs.text(text), self.body_width, self.glyphs.ellipsis), style),)

    def action_leave(self) -> None:
        self.dismiss(True)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        self.dismiss(event.choice.id == "leave")
