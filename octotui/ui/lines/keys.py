"""Keys in words: the last line of the screen, and the actions in the help."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rich.cells import cell_len

from octotui.ui.actions import ACTIONS, BY_ID, Action, Group, Place, in_group
from octotui.ui.keymap import Keymap
from octotui.ui.lines.cells import Line, Piece, left, line_width, wrapped
from octotui.ui.lines.glyphs import Glyphs

_FOOTER_ORDER = (
    "replay-pause", "dump-tree", "watch", "show-stacks", "cancel-job", "show-plan", "details", "cycle-scope", "filter",
    "show-dumps", "help",
)  # fmt: skip
_DROPPED_FIRST = (
    "show-dumps", "details", "show-plan", "cycle-scope", "filter", "replay-pause", "watch", "show-stacks", "help",
    "cancel-job", "dump-tree",
)  # fmt: skip


def footer_line(
    width: int, glyphs: Glyphs, keymap: Keymap, *, disabled: Collection[str], hidden: Collection[str] = ()
) -> Line:
    """The keys that matter now, `q Quit` at the right. Of those that do not fit the least needed go first.

    `disabled` ids are shown as not available; `hidden` ones, and those without a key, not at all.
    """
    footer = {action.id: action for action in ACTIONS if action.footer and keymap.of(action.id)}
    chosen = [footer[name] for name in _FOOTER_ORDER if name in footer and name not in hidden]
    last = _hint(footer["quit"], glyphs, keymap, disabled)
    if width < line_width(last) + 2:
        return (Piece(" " * width),)
    hints = {action.id: _hint(action, glyphs, keymap, disabled) for action in chosen}
    for name in _DROPPED_FIRST:
        if sum(line_width(hint) + 2 for hint in hints.values()) + line_width(last) + 2 <= width:
            break
        hints.pop(name, None)
    line = [Piece(" "), *(piece for hint in hints.values() for piece in (*hint, Piece("  ")))]
    line.append(Piece(" " * (width - line_width(line) - line_width(last) - 1)))
    return (*line, *last, Piece(" "))


def hints_line(
    action_ids: Iterable[str], width: int, glyphs: Glyphs, keymap: Keymap, *, disabled: Collection[str]
) -> Line:
    """The keys of these actions from left to right, as many as fit; actions without a key are left out."""
    line: list[Piece] = [Piece(" ")]
    for action_id in action_ids:
        if not keymap.of(action_id):
            continue
        hint = _hint(BY_ID[action_id], glyphs, keymap, disabled)
        if line_width(line) + line_width(hint) > width:
            break
        line += [*hint, Piece("  ")]
    return tuple(line)


def _hint(action: Action, glyphs: Glyphs, keymap: Keymap, disabled: Collection[str]) -> list[Piece]:
    key = glyphs.text(keymap.name(action.id))
    if action.id in disabled:
        return [Piece(f"({key} {action.label})", "disabled")]
    return [Piece(key, "key"), Piece(f" {action.label}")]


def help_lines(
    width: int,
    glyphs: Glyphs,
    keymap: Keymap,
    *,
    search: str = "",
    disabled: Collection[str] = (),
    place: Place = Place.PROCESSES,
) -> tuple[Line, ...]:
    """Every action under its group: keys, label, help; only those that hold each word of `search`.

    Those of `place` come first, those of other screens after them. A text that is too long goes on in the next line.
    """
    lines: list[Line] = []
    here = [action for action in ACTIONS if action.is_at(place)]
    for group in Group:
        lines += _section(group.value, in_group(group, here), width, glyphs, keymap, search, disabled)
    elsewhere = [action for action in ACTIONS if not action.is_at(place)]
    for other in Place:
        found = [action for action in elsewhere if other in action.places]
        elsewhere = [action for action in elsewhere if action not in found]
        lines += _section(f"On the screen of the {other.value}", found, width, glyphs, keymap, search, ())
    return tuple(lines[1:])


def _section(
    title: str,
    actions: Iterable[Action],
    width: int,
    glyphs: Glyphs,
    keymap: Keymap,
    search: str,
    disabled: Collection[str],
) -> list[Line]:
    widest = max(cell_len(keymap.text(action.id)) for action in ACTIONS)
    key_width = min(max(widest, 6) + 2, width // 3)
    label_width = min(16, width // 3)
    lines: list[Line] = []
    for action in actions:
        text = action.help + (" (not available now)" if action.id in disabled else "")
        keys = glyphs.text(keymap.text(action.id)) or "no key"
        if not matches(search, keys, keymap.text(action.id), action.label, text, action.id):
            continue
        indent = key_width + label_width
        first, *more = wrapped(glyphs.text(text), max(8, width - indent))
        label = left(action.label, label_width - 1, glyphs.ellipsis) + " "
        keys = left(keys, key_width - 1, glyphs.ellipsis) + " "
        lines.append((Piece(keys, "key"), Piece(label), Piece(first, "muted")))
        lines += [(Piece(" " * indent), Piece(part, "muted")) for part in more]
    return [(), (Piece(title, "heading"),), *lines] if lines else []


def matches(search: str, *texts: str) -> bool:
    """Whether each word of `search` is in the texts, however it is written."""
    text = " ".join(texts).lower()
    return all(word in text for word in search.lower().split())
