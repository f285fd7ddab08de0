"""The one table of actions: keys, footer, palette, help and the README's key table are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from octotui.ui.keynames import written_key


class Group(StrEnum):
    """Under which heading an action stands in the help."""

    MOVE = "Move"
    VIEW = "View"
    CAPTURE = "Capture"
    DUMPS = "Dumps"
    PROGRAM = "Program"


class Place(StrEnum):
    """The screens that actions work on."""

    PROCESSES = "processes"
    DUMPS = "dumps"
    DETAIL = "details"


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
    """One thing a person can do. `id` is stable: config files and tests name it. `keys` are the default keys, by
    Textual's names.

    `is_global` actions work everywhere, the others on the screens in `places`; `footer` puts the label into the last
    line of the main screen while the action is enabled.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: Group
    rule: Rule = Rule.ALWAYS
    footer: bool = False
    is_global: bool = False
    places: frozenset[Place] = frozenset({Place.PROCESSES})

    def is_at(self, place: Place) -> bool:
        return self.is_global or place in self.places


_LISTS = frozenset({Place.PROCESSES, Place.DUMPS})
_DUMPS = frozenset({Place.DUMPS})
_BELOW = frozenset({Place.DUMPS, Place.DETAIL})
_ALL = frozenset(Place)

ACTIONS: tuple[Action, ...] = (
    Action("cursor-up", ("up", "k"), "Up", "Move up, or scroll", Group.MOVE, places=_ALL),
    Action("cursor-down", ("down", "j"), "Down", "Move down, or scroll", Group.MOVE, places=_ALL),
    Action("page-up", ("pageup", "ctrl+u"), "Page up", "Move up by a page", Group.MOVE, places=_ALL),
    Action("page-down", ("pagedown", "ctrl+d"), "Page down", "Move down by a page", Group.MOVE, places=_ALL),
    Action("cursor-first", ("g", "home"), "First", "Move to the first row", Group.MOVE, places=_ALL),
    Action("cursor-last", ("G", "end"), "Last", "Move to the last row", Group.MOVE, places=_ALL),
    Action("fold", ("left", "h"), "Fold", "Fold the children away, or go to the parent", Group.MOVE, Rule.CURSOR),
    Action("unfold", ("right", "l"), "Unfold", "Unfold the children, or go to the first one", Group.MOVE, Rule.CURSOR),
    Action("toggle-fold", ("space",), "Fold or unfold", "Fold or unfold the children", Group.MOVE, Rule.CURSOR),
    Action("fold-all", ("asterisk",), "Fold all", "Fold everything below the roots, or unfold it all", Group.VIEW),
    Action("fold-children", ("C",), "Fold children", "Fold or unfold each child", Group.VIEW, Rule.CURSOR),
    Action("toggle-tree", ("t", "f5"), "Tree or list", "Show the processes as a tree or as a flat list", Group.VIEW),
    Action("cycle-scope", ("o",), "Show", "Show Octopus, then .NET, then every process", Group.VIEW, footer=True),
    Action("filter", ("slash", "f3", "f4"), "Filter", "Show what matches, with its family", Group.VIEW, footer=True),
    Action("next-match", ("n",), "Next match", "Go to the next match of the filter", Group.VIEW, Rule.FILTER),
    Action("previous-match", ("N",), "Previous match", "Go to the match before", Group.VIEW, Rule.FILTER),
    Action("clear", ("escape",), "Clear", "Clear the message, then the filter; never quits", Group.VIEW),
    Action("sort-previous", ("less_than_sign",), "Sort left", "Sort by the column to the left", Group.VIEW),
    Action("sort-next", ("greater_than_sign",), "Sort right", "Sort by the column to the right", Group.VIEW),
    Action("invert-sort", ("I",), "Invert order", "Turn the order of the sort around", Group.VIEW),
    Action("details", ("enter",), "Details", "Everything known of the process", Group.VIEW, Rule.CURSOR, footer=True),
    Action("show-processes", ("1",), "Processes", "Go to the processes", Group.VIEW, places=_ALL),
    Action("show-dumps", ("2",), "Dumps", "Go to the dumps: this session's and the store's", Group.VIEW, footer=True),
    Action("interval-longer", ("plus",), "Slower", "Scan less often", Group.VIEW),
    Action("interval-shorter", ("minus",), "Faster", "Scan more often", Group.VIEW),
    Action(
        "dump-tree", ("d",), "Dump tree", "Capture the process and all below it, or the marks",
        Group.CAPTURE, Rule.CAPTURE, footer=True,
    ),
    Action("dump-one", ("D",), "Dump one", "Capture this process alone", Group.CAPTURE, Rule.CAPTURE),
    Action(
        "show-plan", ("v",), "Plan", "Show the plan of a capture, and do nothing", Group.CAPTURE, Rule.PLAN, footer=True
    ),
    Action(
        "cancel-job", ("x",), "Cancel", "Cancel the capture that runs",
        Group.CAPTURE, Rule.JOB, footer=True, places=_LISTS,
    ),
    Action("mark", ("m",), "Mark", "Mark or unmark the process", Group.CAPTURE, Rule.CURSOR),
    Action("mark-tree", ("M",), "Mark tree", "Mark or unmark the process and all below it", Group.CAPTURE, Rule.CURSOR),
    Action("clear-marks", ("U",), "Clear marks", "Unmark everything", Group.CAPTURE, Rule.MARKS),
    Action(
        "copy-path", ("y",), "Copy path", "Copy the path of the newest dump, or else the pid",
        Group.CAPTURE, places=_LISTS,
    ),
    Action(
        "copy-command", ("Y",), "Copy command", "Copy the command line, secrets masked",
        Group.CAPTURE, Rule.CURSOR, places=frozenset({Place.PROCESSES, Place.DETAIL}),
    ),
    Action("verify-dump", ("V",), "Verify again", "Read the dump again: is it whole?", Group.DUMPS, places=_DUMPS),
    Action("remove-dump", ("R", "delete"), "Remove", "Remove the dump, after a question", Group.DUMPS, places=_DUMPS),
    Action("back", ("escape",), "Back", "Back to the processes", Group.PROGRAM, places=_BELOW),
    Action(
        "help", ("question_mark", "f1"), "Help", "All keys; type to search", Group.PROGRAM, footer=True, is_global=True
    ),
    Action("palette", ("ctrl+p",), "Palette", "Find an action by its name", Group.PROGRAM, is_global=True),
    Action("redraw", ("ctrl+l",), "Redraw", "Paint the whole screen anew", Group.PROGRAM, is_global=True),
    Action("suspend", ("ctrl+z",), "Suspend", "Back to the shell; fg returns", Group.PROGRAM, is_global=True),
    Action(
        "quit", ("q", "ctrl+q", "ctrl+c"), "Quit", "Quit; asks while a capture runs",
        Group.PROGRAM, footer=True, is_global=True,
    ),
)  # fmt: skip

BY_ID = {action.id: action for action in ACTIONS}


def in_group(group: Group, actions: Iterable[Action] = ACTIONS) -> tuple[Action, ...]:
    return tuple(action for action in actions if action.group is group)


def key_table_markdown() -> str:
    """The key table of the README, with the default keys: Markdown, a row per action, in the order of the groups."""
    lines = ["| Key | Action | |", "|---|---|---|"]
    for group in Group:
        for action in in_group(group):
            keys = " ".join(f"`{written_key(key)}`" for key in action.keys)
            lines.append(f"| {keys} | {action.label} | {action.help} |")
    return "\n".join(lines) + "\n"
