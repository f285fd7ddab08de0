"""Keys in words: the last line of the screen and the pages of the help."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rich.cells import cell_len

from octotui.ui.actions import ACTIONS, Action, Group, in_group, key_name, keys_text
from octotui.ui.lines.cells import Line, Piece, cut, left, line_width
from octotui.ui.lines.glyphs import Glyphs

_FOOTER_ORDER = (
    "replay-pause", "dump-tree", "cancel-job", "show-plan", "details", "cycle-scope", "filter", "show-dumps", "help",
)  # fmt: skip
_DROPPED_FIRST = (
    "show-dumps", "show-plan", "details", "cycle-scope", "filter", "replay-pause", "help", "cancel-job",
    "dump-tree",
)  # fmt: skip


def footer_line(width: int, glyphs: Glyphs, *, disabled: Collection[str], hidden: Collection[str] = ()) -> Line:
    """The keys that matter now, `q Quit` at the right. Of those that do not fit the least needed go first.

    `disabled` ids are shown as not available, `hidden` ones not at all.
    """
    footer = {action.id: action for action in ACTIONS if action.footer}
    chosen = [footer[name] for name in _FOOTER_ORDER if name in footer and name not in hidden]
    last = _hint(footer["quit"], glyphs, disabled)
    if width < line_width(last) + 2:
        return (Piece(" " * width),)
    hints = {action.id: _hint(action, glyphs, disabled) for action in chosen}
    for name in _DROPPED_FIRST:
        if sum(line_width(hint) + 2 for hint in hints.values()) + line_width(last) + 2 <= width:
            break
        hints.pop(name, None)
    line = [Piece(" "), *(piece for hint in hints.values() for piece in (*hint, Piece("  ")))]
    line.append(Piece(" " * (width - line_width(line) - line_width(last) - 1)))
    return (*line, *last, Piece(" "))


def _hint(action: Action, glyphs: Glyphs, disabled: Collection[str]) -> list[Piece]:
    key = glyphs.text(key_name(action.keys[0]))
    if action.id in disabled:
        return [Piece(f"({key} {action.label})", "disabled")]
    return [Piece(key, "key"), Piece(f" {action.label}")]


def help_lines(width: int, glyphs: Glyphs, *, search: str = "", disabled: Collection[str] = ()) -> tuple[Line, ...]:
    """Every action under its group: keys, label, help; only those that hold each word of `search`."""
    key_width = min(14, width // 3)
    label_width = min(16, width // 3)
    lines: list[Line] = []
    for group in Group:
        found = [action for action in in_group(group) if _matches(action, search)]
        if not found:
            continue
        if lines:
            lines.append(())
        lines.append((Piece(group.value, "heading"),))
        for action in found:
            keys = left(glyphs.text(keys_text(action)), key_width, glyphs.ellipsis)
            label = left(action.label, label_width, glyphs.ellipsis)
            text = action.help + (" (not available now)" if action.id in disabled else "")
            room = width - key_width - label_width
            lines.append(
                (Piece(keys, "key"), Piece(label), Piece(cut(glyphs.text(text), room, glyphs.ellipsis), "muted"))
            )
    return tuple(lines) or ((Piece(cut(glyphs.text(f'No key matches "{search}".'), width, glyphs.ellipsis), "muted"),),)


def _matches(action: Action, search: str) -> bool:
    text = " ".join((keys_text(action), action.label, action.help, action.id)).lower()
    return all(word in text for word in search.lower().split())


def signs_lines(glyphs: Glyphs) -> Iterable[Line]:
    """What the signs before a row mean."""
    signs = (
        (glyphs.cursor, "the cursor"),
        (glyphs.arrived, "started in the last seconds"),
        (glyphs.exited, "ended; the row stays for a moment, or while the cursor is on it"),
        (glyphs.capturing, "being captured"),
        (glyphs.marked, "marked (after the pid)"),
        (glyphs.folded.strip(), "folded; the numbers are the sum of it and what is below"),
    )
    width = max(cell_len(sign) for sign, _ in signs) + 2
    yield (Piece("Signs", "heading"),)
    for sign, meaning in signs:
        yield (Piece(left(sign, width), "key"), Piece(meaning, "muted"))
