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
    WATCH = "Watch"
    STACKS = "Stacks and heap"
    REPLAY = "Replay"
    DUMPS = "Dumps"
    PROGRAM = "Program"


class Place(StrEnum):
    """The screens that actions work on."""

    PROCESSES = "processes"
    DUMPS = "dumps"
    RULES = "rules"
    DETAIL = "details"
    STACKS = "stacks"
    HEAP = "heap types"


class Rule(StrEnum):
    """When an action is enabled; the screen knows the answer."""

    ALWAYS = "always"
    CURSOR = "cursor"
    CAPTURE = "capture"
    PLAN = "plan"
    WATCH = "watch"
    HOLD = "hold"
    STACKS = "stacks"
    HEAP = "heap"
    MARKS = "marks"
    FILTER = "filter"
    JOB = "job"
    REPLAY = "replay"
    LIVE = "live"


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
_ONE = frozenset({Place.PROCESSES, Place.DETAIL})
_RULES = frozenset({Place.RULES})
_STACKS = frozenset({Place.STACKS})
_LISTINGS = frozenset({Place.STACKS, Place.HEAP})
_BELOW = frozenset({Place.DUMPS, Place.RULES, Place.DETAIL}) | _LISTINGS
_ALL = frozenset(Place)
_ABOVE_DUMPS = frozenset({Place.PROCESSES, Place.RULES})
_ABOVE_RULES = frozenset({Place.PROCESSES, Place.DUMPS})
_WATCHING = frozenset({Place.PROCESSES, Place.RULES})

ACTIONS: tuple[Action, ...] = (
    Action("cursor-up", ("up", "k"), "Up", "Move up, or scroll", Group.MOVE, places=_ALL),
    Action("cursor-down", ("down", "j"), "Down", "Move down, or scroll", Group.MOVE, places=_ALL),
    Action("page-up", ("pageup", "ctrl+u"), "Page up", "Move up by a page", Group.MOVE, places=_ALL),
    Action("page-down", ("pagedown", "ctrl+d"), "Page down", "Move down by a page", Group.MOVE, places=_ALL),
    Action("cursor-first", ("g", "home"), "First", "Move to the first row", Group.MOVE, places=_ALL),
    Action("cursor-last", ("G", "end"), "Last", "Move to the last row", Group.MOVE, places=_ALL),
    Action(
        "go-to-pid", ("colon",), "Go to pid",
        "Type its digits; 1 or 2 alone does what it does, half a second later", Group.MOVE,
    ),
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
    Action("matches-only", ("a",), "Matches only", "Show the matches alone, or what is below them too", Group.VIEW),
    Action("clear", ("escape",), "Clear", "Clear the message, then the filter; never quits", Group.VIEW),
    Action("sort-previous", ("less_than_sign",), "Sort left", "Sort by the column to the left", Group.VIEW),
    Action("sort-next", ("greater_than_sign",), "Sort right", "Sort by the column to the right", Group.VIEW),
    Action("invert-sort", ("I",), "Invert order", "Turn the order of the sort around", Group.VIEW),
    Action("freeze", ("p",), "Freeze", "Let the view stand still, or go on; sampling goes on", Group.VIEW),
    Action("keep-in-view", ("F",), "Keep in view", "Bring the cursor back when it was scrolled away", Group.VIEW),
    Action("toggle-kernel", ("K",), "Kernel threads", "Show or hide kernel threads among everything", Group.VIEW),
    Action("details", ("enter",), "Details", "Everything known of the process", Group.VIEW, Rule.CURSOR, footer=True),
    Action(
        "show-environment", ("e",), "Environment", "The names of its variables, and values that hold no secret",
        Group.VIEW, Rule.CURSOR, places=_ONE,
    ),
    Action(
        "show-files", ("f",), "Open files", "Its files, listening ports and connections",
        Group.VIEW, Rule.CURSOR, places=_ONE,
    ),
    Action(
        "show-log", ("L",), "Task log", "The end of its task's Output.log, secrets masked",
        Group.VIEW, Rule.CURSOR, places=_ONE,
    ),
    Action("show-processes", ("1",), "Processes", "Go to the processes", Group.VIEW, places=_ALL),
    Action(
        "show-dumps", ("2",), "Dumps", "Go to the dumps: this session's and the store's",
        Group.VIEW, Rule.LIVE, footer=True, places=_ABOVE_DUMPS,
    ),
    Action(
        "show-rules", ("3",), "Rules", "Go to the watch rules: what is armed, what they caught",
        Group.VIEW, Rule.LIVE, places=_ABOVE_RULES,
    ),
    Action("interval-longer", ("plus",), "Slower", "Scan less often", Group.VIEW, Rule.LIVE),
    Action("interval-shorter", ("minus",), "Faster", "Scan more often", Group.VIEW, Rule.LIVE),
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
        "copy-path", ("y",), "Copy path", "The path of the newest dump, or the pid; in the details that of the program",
        Group.CAPTURE, places=_ALL - _LISTINGS,
    ),
    Action(
        "copy-command", ("Y",), "Copy command", "Copy the command line, secrets masked",
        Group.CAPTURE, Rule.CURSOR, places=_ONE,
    ),
    Action(
        "watch", ("w",), "Watch", "Arm a rule that catches the next such process, or disarm it",
        Group.WATCH, Rule.WATCH, footer=True, places=_WATCHING,
    ),
    Action(
        "hold", ("H",), "Hold", "Stop the process until you let it go, for a minute at most; again lets go",
        Group.WATCH, Rule.HOLD, places=_ALL,
    ),
    Action(
        "disarm-rule", ("x",), "Disarm", "End the rule; one that is over leaves the list",
        Group.WATCH, places=_RULES,
    ),
    Action(
        "show-stacks", ("s",), "Stacks", "Which threads run and where they are in the code: live, no dump, no secret",
        Group.STACKS, Rule.STACKS, footer=True, places=_ONE,
    ),
    Action(
        "show-heap", ("O",), "Heap types", "Its managed objects by type, counts and bytes; says what that costs first",
        Group.STACKS, Rule.HEAP, places=_ONE | _STACKS,
    ),
    Action("fold-frames", ("left", "h"), "Fold", "Fold the outermost frames away", Group.MOVE, places=_STACKS),
    Action("unfold-frames", ("right", "l"), "Unfold", "Show all of its frames", Group.MOVE, places=_STACKS),
    Action("toggle-frames", ("enter", "space"), "Fold or unfold", "Its frames", Group.MOVE, places=_STACKS),
    Action("next-process", ("tab",), "Next process", "The next .NET process of its tree", Group.MOVE, places=_STACKS),
    Action("previous-process", ("shift+tab",), "Process before", "The one before", Group.MOVE, places=_STACKS),
    Action("search", ("slash", "f3"), "Search", "Find a text in what is shown", Group.STACKS, places=_LISTINGS),
    Action("next-found", ("n",), "Next found", "Go to the next place that has it", Group.STACKS, places=_LISTINGS),
    Action("previous-found", ("N",), "Found before", "Go to the place before", Group.STACKS, places=_LISTINGS),
    Action("look-again", ("r",), "Look again", "Take it anew, as it is now", Group.STACKS, places=_LISTINGS),
    Action(
        "look-repeatedly", ("R",), "Look 3 times", "5 s apart; what moved and what stood still is marked",
        Group.STACKS, places=_STACKS,
    ),
    Action("copy-text", ("y",), "Copy", "Copy the text of all that is shown", Group.STACKS, places=_LISTINGS),
    Action(
        "write-analysis", ("W",), "Write files", "The analysis of its tree as text and JSON: no values, no secrets",
        Group.STACKS, places=_STACKS,
    ),
    Action(
        "replay-pause", ("P",), "Pause", "Pause the recording that is shown, or play it",
        Group.REPLAY, Rule.REPLAY, footer=True,
    ),
    Action("replay-back", ("comma",), "Step back", "Show the sample before and pause", Group.REPLAY, Rule.REPLAY),
    Action("replay-on", ("full_stop",), "Step on", "Show the next sample and pause", Group.REPLAY, Rule.REPLAY),
    Action("replay-slower", ("left_square_bracket",), "Play slower", "Half the speed", Group.REPLAY, Rule.REPLAY),
    Action("replay-faster", ("right_square_bracket",), "Play faster", "Twice the speed", Group.REPLAY, Rule.REPLAY),
    Action("replay-first", ("left_curly_bracket",), "To the start", "The first sample", Group.REPLAY, Rule.REPLAY),
    Action("replay-last", ("right_curly_bracket",), "To the end", "The last sample", Group.REPLAY, Rule.REPLAY),
    Action("verify-dump", ("V",), "Verify again", "Read the dump again: is it whole?", Group.DUMPS, places=_DUMPS),
    Action("remove-dump", ("R", "delete"), "Remove", "Remove the dump, after a question", Group.DUMPS, places=_DUMPS),
    Action("back", ("escape",), "Back", "Back to the processes", Group.PROGRAM, places=_BELOW),
    Action(
        "help", ("question_mark", "f1"), "Help", "All keys; type to search", Group.PROGRAM, footer=True, is_global=True
    ),
    Action("palette", ("ctrl+p",), "Palette", "Find an action by its name", Group.PROGRAM, is_global=True),
    Action(
        "mouse", ("T",), "Mouse", "Off, a drag selects text; on, Shift and drag does", Group.PROGRAM, is_global=True
    ),
    Action("redraw", ("ctrl+l",), "Redraw", "Paint the whole screen anew", Group.PROGRAM, is_global=True),
    Action("suspend", ("ctrl+z",), "Suspend", "Back to the shell; fg returns", Group.PROGRAM, is_global=True),
    Action(
        "quit", ("q", "ctrl+q", "ctrl+c"), "Quit", "Quit; asks while something runs, is held or is armed",
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
