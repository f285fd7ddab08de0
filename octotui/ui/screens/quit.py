"""Asks before quitting while a capture runs."""

from __future__ import annotations

from textual import on

from octotui.ui.lines.cells import Line, Piece, cut
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import job_name
from octotui.ui.ports import DumpPort
from octotui.ui.screens.dialog import Choice, Dialog

REFRESH_SECONDS = 0.25


class QuitDialog(Dialog[bool]):
    """Answers True when it is to be quit, whatever runs then. Says how the captures stand while it asks."""

    def __init__(self, service: DumpPort, glyphs: Glyphs) -> None:
        self._service = service
        super().__init__(glyphs)

    def make_choices(self) -> tuple[Choice, ...]:
        return (Choice("Stay", "Esc", id="stay"), Choice("Cancel captures and quit", "y", id="leave"))

    def on_mount(self) -> None:
        self._update()
        self.offer(self.query_one("#stay", Choice))
        self.set_interval(REFRESH_SECONDS, self._update)

    def _update(self) -> None:
        live = [job for job in self._service.jobs if not job.state.is_over]
        if not live:
            self.query_one("#leave", Choice).rename("Quit")
            self.put("No capture runs any more", (self._line("Quitting loses nothing now."),))
            return
        words = "Quitting cancels them: the targets run on, no half file stays."
        lines = [self._line(f"{job_name(job)}: {job.state.value}") for job in live[:6]]
        self.put("A capture is running", (*lines, (), self._line(words, "warning")))

    def _line(self, text: str, style: str = "") -> Line:
        return (Piece(cut(self.glyphs.text(text), self.body_width, self.glyphs.ellipsis), style),)

    def key_y(self) -> None:
        self.dismiss(True)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        self.dismiss(event.choice.id == "leave")
