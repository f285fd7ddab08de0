"""Asks before quitting while a capture runs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on

from octotui.dumps.model import Job
from octotui.ui.lines.cells import Line, Piece, cut
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import job_name
from octotui.ui.screens.dialog import Choice, Dialog


class QuitDialog(Dialog[bool]):
    """Answers True when the captures are to be cancelled for quitting."""

    def __init__(self, jobs: Sequence[Job], glyphs: Glyphs) -> None:
        self._jobs = jobs
        super().__init__(glyphs)

    def make_choices(self) -> tuple[Choice, ...]:
        return (Choice("Stay", "Esc", id="stay"), Choice("Cancel captures and quit", "y", id="leave"))

    def on_mount(self) -> None:
        width = self.body_width
        lines: list[Line] = [
            (Piece(cut(self.glyphs.text(f"{job_name(job)}: {job.state.value}"), width, self.glyphs.ellipsis)),)
            for job in self._jobs[:6]
        ]
        lines.append(())
        words = "Quitting cancels them: the targets run on, no half file stays."
        lines.append((Piece(cut(words, width, self.glyphs.ellipsis), "warning"),))
        self.put("A capture is running", tuple(lines))
        self.query_one("#stay", Choice).focus()

    def key_y(self) -> None:
        self.dismiss(True)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        self.dismiss(event.choice.id == "leave")
