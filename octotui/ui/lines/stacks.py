"""Managed stacks as lines with a cursor: what was seen as a whole, then the threads with their frames."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from rich.cells import cell_len

from octotui.dotnet.stacks.causes import own_frame
from octotui.dotnet.stacks.comparing import ThreadCourse, compare
from octotui.dotnet.stacks.grouping import StackGroup, grouped
from octotui.dotnet.stacks.hints import hints
from octotui.dotnet.stacks.model import Frame, Look
from octotui.dotnet.stacks.text import FEWEST_REPEATED, doing, heading, milliseconds, thread_name
from octotui.text import printable
from octotui.ui.lines.cells import Piece, cut, cut_middle, line_text
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.listing import EMPTY, NO_GROUP, Item, sentence_items

Folds = Collection[tuple[Frame, ...]]
"""The stacks that are shown whole, by their frames; the empty one stands for the threads without any."""

OTHERS: tuple[Frame, ...] = ()

NARROW = 60
"""Cells below which what the look cost stands below the threads."""

SLOW_SECONDS = 3.0
_STUCK = (
    "It has not answered yet. One that is stuck in its runtime never does; the wait ends by itself, and Esc leaves."
)
_MOST_NAMES = 5000


def looking_items(what: str, seconds: float, waits: str, width: int, glyphs: Glyphs) -> list[Item]:
    """What stands there before the first look is there."""
    items = sentence_items(f"{what}… {seconds:.1f} s", "muted", width, glyphs)
    if waits:
        items += sentence_items(printable(waits, 300), "warning", width, glyphs)
    elif seconds >= SLOW_SECONDS:
        items += sentence_items(_STUCK, "warning", width, glyphs)
    return items


def stack_items(
    looks: Sequence[Look], unfolded: Folds, needle: str, width: int, glyphs: Glyphs, *, is_tight: bool = False
) -> list[Item]:
    """The newest of `looks` (oldest first) with what became of each thread since the first.

    A fold opens by itself where `needle` is found in it. Where it `is_tight` no empty lines stand between the stacks.
    """
    look, courses = looks[-1], compare(looks)
    gap = [] if is_tight else [EMPTY]
    is_narrow = width < NARROW
    items = [_one_line(_threads(look) if is_narrow else f"{_threads(look)} · {_cost(looks)}", "muted", width, glyphs)]
    items += [_one_line(f"! {_sentence(hint)}", "warning", width, glyphs) for hint in hints(looks)]
    items += [_one_line(f"i {_sentence(remark)}", "notice", width, glyphs) for remark in look.remarks]
    groups = ordered(look)
    for number, group in enumerate(groups):
        is_whole = group.frames in unfolded or _has_hidden(group, needle)
        items += [*gap, *_group_items(number, group, courses, is_whole, width, glyphs)]
    gone = [one for one in courses.values() if all(one.thread.own_id != thread.own_id for thread in look.threads)]
    if gone:
        words = f"Ended since the first look: {', '.join(thread_name(one.thread) for one in gone)}"
        items += [*gap, _one_line(printable(words, _MOST_NAMES), "exited", width, glyphs)]
    if look.others:
        items += [*gap, *_other_items(len(groups), look, OTHERS in unfolded, needle, width, glyphs)]
    if is_narrow:
        items += [*gap, _one_line(_cost(looks), "muted", width, glyphs)]
    return items


def can_be_folded(group: StackGroup) -> bool:
    """Whether some of its frames are left out as long as nobody asks for them."""
    return bool(group.folded) or any(count >= FEWEST_REPEATED for _, count in _counted(group.shown))


def ordered(look: Look) -> list[StackGroup]:
    """The groups, those in the program's own code before those that are in the framework alone."""
    return sorted(grouped(look), key=lambda group: own_frame(group.frames) is None)


def taken_text(looks: Sequence[Look]) -> str:
    """When: `02:10:13`, or from when to when."""
    times = [time.strftime("%H:%M:%S", time.localtime(look.taken_at)) for look in looks]
    return times[0] if len(times) == 1 else f"{times[0]} to {times[-1]}"


def _threads(look: Look) -> str:
    """The runtime, and how many threads have managed frames."""
    version = f".NET {printable(look.runtime.version, 40)}" if look.runtime.version else ".NET"
    return f"{version} · {len(look.threads)} of {len(look.threads) + len(look.others)} threads"


def _cost(looks: Sequence[Look]) -> str:
    """How long it took, and for how long the process stood still."""
    look = looks[-1]
    took = f"{look.seconds:.2f} s" + (f", the last of {len(looks)}" if len(looks) > 1 else "")
    if not look.stops.count:
        return f"{took} · its stops were not told"
    times = "once" if look.stops.count == 1 else f"{look.stops.count} times"
    return f"{took} · stood still {times}, {milliseconds(look.stops.longest_seconds)} at most"


def _one_line(text: str, style: str, width: int, glyphs: Glyphs, number: int = NO_GROUP) -> Item:
    """`text`, which is printable, as far as it fits: the whole of it is told where the cursor is."""
    shown = cut(glyphs.text(text), width, glyphs.ellipsis)
    return Item((Piece(shown, style),), text, number, is_cut=shown != glyphs.text(text))


def _sentence(text: str) -> str:
    shown = printable(text, 600)
    return shown[:1].upper() + shown[1:]


def _has_hidden(group: StackGroup, needle: str) -> bool:
    wanted = needle.casefold()
    hidden = group.frames[len(group.shown) :]
    return bool(wanted) and any(wanted in str(frame).casefold() for frame in hidden)


def _group_items(
    number: int, group: StackGroup, courses: Mapping[int, ThreadCourse], is_whole: bool, width: int, glyphs: Glyphs
) -> Iterator[Item]:
    yield _one_line(printable(_heading(group), _MOST_NAMES), "heading", width, glyphs, number)
    became = heading(group, courses).removeprefix(heading(group, {})).lstrip("; ")
    if became:
        yield _one_line(printable(became, _MOST_NAMES), "capturing", width, glyphs, number)
    frames = group.frames if is_whole else group.shown
    indent = "  " if width < NARROW else "    "
    for frame, count in _counted(frames):
        if is_whole or count < FEWEST_REPEATED:
            for _ in range(count):
                yield _frame_item(number, frame, "", indent, width, glyphs)
        else:
            yield _frame_item(number, frame, f" ({count} times)", indent, width, glyphs)
    if hidden := len(group.frames) - len(frames):
        last = str(group.frames[-1])
        words = f"{indent}{glyphs.folded}{hidden} more down to "
        name = cut_middle(glyphs.text(printable(last)), max(4, width - len(words)), glyphs.ellipsis)
        line = (Piece(cut(words, width, glyphs.ellipsis), "key"), Piece(name, "muted"))
        yield Item(line, f"{hidden} more down to {printable(last)}", number, is_cut=name != glyphs.text(last))


def _heading(group: StackGroup) -> str:
    """What they do before who they are, where they are many: the names may take more than a line."""
    names = [thread_name(thread) for thread in group.threads]
    if len(names) == 1:
        return f"Thread {names[0]}: {doing(group)}"
    return f"{len(names)} threads, {doing(group)}: {', '.join(names)}"


def _counted(frames: Sequence[Frame]) -> Iterator[tuple[Frame, int]]:
    """Each frame with how often it stands there in a row: a method that calls itself fills a screen."""
    for frame, same in groupby(frames):
        yield frame, sum(1 for _ in same)


def _frame_item(number: int, frame: Frame, more: str, indent: str, width: int, glyphs: Glyphs) -> Item:
    """The module dim before its method, then `more`; what is not the framework's own stands out."""
    whole = printable(str(frame)) + more
    style = "name" if own_frame((frame,)) is not None else ""
    shown = glyphs.text(whole)
    room = max(4, width - len(indent))
    module = glyphs.text(printable(frame.module)) + "!" if frame.module else ""
    method = shown.removeprefix(module)
    if cell_len(shown) <= room:
        return Item((Piece(indent), Piece(module, "muted"), Piece(method, style)), whole, number)
    # The method says more than the module, whose name most of its methods begin with.
    short = f"{glyphs.ellipsis}!" if module else ""
    name = cut_middle(method, max(4, room - cell_len(short)), glyphs.ellipsis)
    return Item((Piece(indent), Piece(short, "muted"), Piece(name, style)), whole, number, is_cut=True)


def _other_items(number: int, look: Look, is_whole: bool, needle: str, width: int, glyphs: Glyphs) -> Iterator[Item]:
    """The threads that are the runtime's own or native code's: in one line until they are asked for."""
    names = [printable(f"{one.id or one.own_id} {one.name}".rstrip(), 80) for one in look.others]
    count = "1 thread" if len(names) == 1 else f"{len(names)} threads"
    whole = f"{count} without managed frames: {', '.join(names)}"
    wanted = needle.casefold()
    if not is_whole and not (wanted and wanted in whole.casefold()):
        words = glyphs.text(f"{glyphs.folded}{whole}")
        line = (Piece(cut(words, width, glyphs.ellipsis), "muted"),)
        yield Item(line, whole, number, is_cut=line_text(line) != words)
        return
    yield Item((Piece(cut(f"{count} without managed frames", width, glyphs.ellipsis), "muted"),), count, number)
    for one, name in zip(look.others, names, strict=True):
        text = f"{name}: state {printable(one.state)}"
        yield Item((Piece("    "), Piece(cut(glyphs.text(text), max(4, width - 4), glyphs.ellipsis))), text, number)
