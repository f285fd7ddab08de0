"""Asks before a dump is removed from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut
from octotui.ui.lines.dumps import record_name
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.screens.dialog import Choice, Dialog
from octotui.units import bytes_text

if TYPE_CHECKING:
    from octotui.dumps.keeping.records import DumpRecord


class RemoveDialog(Dialog[bool]):
    """Answers True when it is to be removed. The focus is on keeping it: a habitual Enter removes nothing."""

    # A binding ends the key here; a key method would let it go on to the screen below, where y copies.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "remove", "Remove", show=False)]

    def __init__(self, record: DumpRecord, glyphs: Glyphs) -> None:
        self._record = record
        super().__init__(glyphs)

    def make_choices(self) -> tuple[Choice, ...]:
        return (Choice("Keep", "Esc", id="keep"), Choice("Remove", "y", id="remove"))

    def on_mount(self) -> None:
        super().on_mount()
        record = self._record
        when = record.taken_at.astimezone().strftime("%Y-%m-%d %H:%M")
        lines = [
            self._line(f"{record_name(record)}, {bytes_text(record.size_bytes)}, of {when}"),
            self._line(printable(str(record.path or record.name)), "path"),
            (),
            self._line("The dump and its record are deleted; nothing brings them back.", "warning"),
        ]
        self.put("Remove this dump?", tuple(lines))
        self.offer(self.query_one("#keep", Choice))

    def _line(self, text: str, style: str = "") -> Line:
        return (Piece(cut(self.glyphs.text(text), self.body_width, self.glyphs.ellipsis), style),)

    def action_remove(self) -> None:
        self.dismiss(True)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        self.dismiss(event.choice.id == "remove")
