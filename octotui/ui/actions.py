"""The one table of actions: keys, footer, palette, help and the README's key table are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """Under which heading an action stands in the help."""

    MOVE = "Move"
    VIEW = "View"
    CAPTURE = "Capture"
    PROGRAM = "Program"


class Rule(StrEnum):
    """When an action is enabled; the screen knows the answer."""

    ALWAYS = "always"
    CURSOR = "cursor"
    CAPTURE = "capture"
    PLAN = "plan"
    MARKS = "marks"
    FILTER = "filter"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do. `id` is stable: keymaps and tests name it. `keys` are Textual's names of keys.

    `is_global` actions work on every screen; `footer` puts the label into the last line while the action is enabled.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: Group
    rule: Rule = Rule.ALWAYS
    footer: bool = False
    is_global: bool = False


ACTIONS: tuple[Action, ...] = (
    Action("cursor-up", ("up", "k"), "Up", "Move to the process above", Group.MOVE),
    Action("cursor-down", ("down", "j"), "Down", "Move to the process below", Group.MOVE),
    Action("page-up", ("pageup", "ctrl+u"), "Page up", "Move up by a page", Group.MOVE),
    Action("page-down", ("pagedown", "ctrl+d"), "Page down", "Move down by a page", Group.MOVE),
    Action("cursor-first", ("g", "home"), "First", "Move to the first process", Group.MOVE),
    Action("cursor-last", ("G", "end"), "Last", "Move to the last process", Group.MOVE),
    Action("fold", ("left", "h"), "Fold", "Fold the children away, or go to the parent", Group.MOVE, Rule.CURSOR),
    Action("unfold", ("right", "l"), "Unfold", "Unfold the children, or go to the first one", Group.MOVE, Rule.CURSOR),
    Action("toggle-fold", ("space",), "Fold or unfold", "Fold or unfold the children", Group.MOVE, Rule.CURSOR),
    Action("fold-all", ("asterisk",), "Fold all", "Fold everything below the roots, or unfold it all", Group.VIEW),
    Action("fold-children", ("C",), "Fold children", "Fold or unfold each child", Group.VIEW, Rule.CURSOR),
    Action("toggle-tree", ("t", "f5"), "Tree or list", "Show the processes as a tree or as a flat list", Group.VIEW),
    Action("cycle-scope", ("o",), "Show", "Show Octopus, then .NET, then every process", Group.VIEW, footer=True),
    Action("filter", ("slash",), "Filter", "Show what matches, with its family", Group.VIEW, footer=True),
    Action("next-match", ("n",), "Next match", "Go to the next match of the filter", Group.VIEW, Rule.FILTER),
    Action("previous-match", ("N",), "Previous match", "Go to the match before", Group.VIEW, Rule.FILTER),
    Action("clear", ("escape",), "Clear", "Clear the message, then the filter; never quits", Group.VIEW),
    Action("sort-previous", ("less_than_sign",), "Sort left", "Sort by the column to the left", Group.VIEW),
    Action("sort-next", ("greater_than_sign",), "Sort right", "Sort by the column to the right", Group.VIEW),
    Action("invert-sort", ("I",), "Invert order", "Turn the order of the sort around", Group.VIEW),
    Action("details", ("enter",), "Details", "Everything known of the process", Group.VIEW, Rule.CURSOR, footer=True),
    Action("show-processes", ("1",), "Processes", "Go to the processes", Group.VIEW),
    Action("show-dumps", ("2",), "Dumps", "Go to the dumps: this session's and the store's", Group.VIEW, footer=True),
    Action("interval-longer", ("plus",), "Slower", "Scan less often", Group.VIEW),
    Action("interval-shorter", ("minus",), "Faster", "Scan more often", Group.VIEW),
    Action(
        "dump-tree", ("d",), "Dump tree", "Capture the process and all below it, or the marks",
        Group.CAPTURE, Rule.CAPTURE, footer=True,
    ),
    Action("dump-one", ("D",), "Dump one", "Capture this process alone", Group.CAPTURE, Rule.CAPTURE),
    Action(
        "show-plan", ("v",), "Plan", "Show what d would do, and do nothing", Group.CAPTURE, Rule.PLAN, footer=True
    ),
    Action(
        "cancel-job", ("x",), "Cancel", "Cancel the capture that runs", Group.CAPTURE, Rule.JOB, footer=True
    ),
    Action("mark", ("m",), "Mark", "Mark or unmark the process", Group.CAPTURE, Rule.CURSOR),
    Action("mark-tree", ("M",), "Mark tree", "Mark or unmark the process and all below it", Group.CAPTURE, Rule.CURSOR),
    Action("clear-marks", ("U",), "Clear marks", "Unmark everything", Group.CAPTURE, Rule.MARKS),
    Action("copy-path", ("y",), "Copy path", "Copy the path of the newest dump, or else the pid", Group.CAPTURE),
    Action(
        "copy-command", ("Y",), "Copy command", "Copy the command line, secrets masked", Group.CAPTURE, Rule.CURSOR
    ),
    Action(
        "help", ("question_mark", "f1"), "Help", "All keys; type to search", Group.PROGRAM, footer=True, is_global=True
    ),
    Action("palette", ("ctrl+p",), "Palette", "Find an action by its name", Group.PROGRAM, is_global=True),
    Action(
        "mouse", ("T",), "Mouse", "Off, a drag selects text; on, Shift and drag does", Group.PROGRAM, is_global=True
    ),
    Action("redraw", ("ctrl+l",), "Redraw", "Paint the whole screen again", Group.PROGRAM, is_global=True),
    Action("suspend", ("ctrl+z",), "Suspend", "Back to the shell; fg returns", Group.PROGRAM, is_global=True),
    Action(
        "quit", ("q", "ctrl+q", "ctrl+c"), "Quit", "Quit; asks while a capture runs",
        Group.PROGRAM, footer=True, is_global=True,
    ),
)  # fmt: skip

BY_ID = {action.id: action for action in ACTIONS}

_KEY_NAMES = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "asterisk": "*",
    "slash": "/",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "plus": "+",
    "minus": "-",
    "question_mark": "?",
}


def key_name(key: str) -> str:
    """A key as a person reads it: `greater_than_sign` is `>`, `ctrl+p` is `^p`, `f5` is `F5`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    if len(key) > 1 and key[0] == "f" and key[1:].isdecimal():
        return key.upper()
    return _KEY_NAMES.get(key, key)


def keys_text(action: Action) -> str:
    """The keys of an action as a person reads them, separated by spaces."""
    return " ".join(key_name(key) for key in action.keys)


def in_group(group: Group, actions: Iterable[Action] = ACTIONS) -> tuple[Action, ...]:
    return tuple(action for action in actions if action.group is group)


def key_table_markdown() -> str:
    """The key table of the README: one Markdown table, a row per action, in the order of the groups."""
    lines = ["| Key | Action | |", "|---|---|---|"]
    for group in Group:
        for action in in_group(group):
            keys = " ".join(f"`{_markdown_key(key)}`" for key in action.keys)
            lines.append(f"| {keys} | {action.label} | {action.help} |")
    return "\n".join(lines) + "\n"


def _markdown_key(key: str) -> str:
    return key.replace("ctrl+", "Ctrl+") if key.startswith("ctrl+") else key_name(key)
