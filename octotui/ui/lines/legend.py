"""What the help says beside the keys: the signs, the language of the filter, mouse and clipboard."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from octotui.ui.clipboard import NO_CLIPBOARD
from octotui.ui.keymap import Keymap
from octotui.ui.lines.cells import Line, Piece, cut, left, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.keys import matches

FILTER_EXAMPLES = (
    ("web pwsh", 'both words; "two words" as one; upper and lower case are the same'),
    ("web | pwsh", "one or the other"),
    ("-pwsh", "all but these; a minus goes before anything"),
    ("role:calamari", "also user:root pid:812 task:42"),
    ("cpu>5 mem>500m", "per cent of a core, bytes; also age<5m threads>50"),
)
"""Each line is a filter and what it shows."""


def legend_lines(width: int, glyphs: Glyphs, keymap: Keymap, *, search: str = "") -> tuple[Line, ...]:
    """The sections that hold each word of `search`, each after an empty line; lines of at most `width` cells."""
    lines: list[Line] = []
    for title, rows in _sections(glyphs, keymap):
        found = [row for row in rows if matches(search, title, *row)]
        if found:
            lines += [(), (Piece(title, "heading"),), *_rows(found, width, glyphs)]
    return tuple(lines)


def _sections(glyphs: Glyphs, keymap: Keymap) -> Iterable[tuple[str, tuple[tuple[str, str], ...]]]:
    yield (
        "Signs",
        (
            (glyphs.cursor, "the cursor"),
            (glyphs.arrived, "started in the last seconds"),
            (glyphs.exited, "ended; the row stays for a moment, or while the cursor is on it"),
            (glyphs.capturing, "being captured"),
            (glyphs.held, "HELD: stopped by octotui, by you or by a rule, until it is let go"),
            (glyphs.traced, "traced: it runs at full speed and is captured at its end"),
            (glyphs.marked, "marked (after the pid)"),
            (glyphs.folded.strip(), "folded; the numbers are the sum of it and what is below"),
        ),
    )
    yield f"Filter ({keymap.how('filter')})", FILTER_EXAMPLES
    yield (
        "Mouse and clipboard",
        (
            ("click", "moves the cursor; on it again folds; on a title sorts"),
            ("Shift+drag", "selects text as in any terminal"),
            (f"{keymap.how('copy-path')} {keymap.how('copy-command')}", " ".join(NO_CLIPBOARD)),
        ),
    )


def _rows(rows: Iterable[tuple[str, str]], width: int, glyphs: Glyphs) -> Iterable[Line]:
    rows = [(glyphs.text(key), glyphs.text(text)) for key, text in rows]
    key_width = min(max(cell_len(key) for key, _ in rows) + 2, max(6, width // 3))
    for key, text in rows:
        parts = list(wrapped(text, max(8, width - key_width)))
        if cell_len(key) < key_width:
            yield (Piece(left(key, key_width), "key"), Piece(parts.pop(0), "muted"))
        else:
            yield (Piece(cut(key, width, glyphs.ellipsis), "key"),)
        for part in parts:
            yield (Piece(" " * key_width), Piece(part, "muted"))
