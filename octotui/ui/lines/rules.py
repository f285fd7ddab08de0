"""Watch rules in lines: each with its sentence, its counts and what every process that it caught is doing now."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from octotui.dumps.arming.state import CLOSED, Caught, Ending, RuleState, Stage
from octotui.dumps.arming.words import ending_words, status_words
from octotui.dumps.model import Severity
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut, cut_line, line_width, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import target_name
from octotui.ui.watching import Told
from octotui.units import seconds_text

ONLY_HERE = "Rules live only as long as this octotui does"

MOST_CAUGHT = 6
"""How many of its processes a rule shows: those that something happens to first, then the newest."""

_DOING = {
    Stage.HELD: "HELD", Stage.STARTING: "starting, its runtime is not ready yet", Stage.WAITING: "waiting",
    Stage.LOOKING: "asked for its stacks", Stage.LOOKED: "its stacks are taken",
    Stage.CAPTURING: "being captured", Stage.TRACED: "traced to its end", Stage.WRITING: "has ended, is being written",
    Stage.CAPTURED: "captured", Stage.PASSED: "ended, not worth a dump", Stage.FAILED: "failed",
    Stage.ENDED_EARLY: "ended before it could be captured", Stage.LEFT: "left alone, for the limits",
}  # fmt: skip


def counts_text(state: RuleState) -> str:
    """`2 caught · 1 captured · 1 ended before it could be captured`: what is not nothing."""
    counts = (
        (state.seen, "caught"), (state.captured, "captured"), (state.looked, "looked at"), (state.passed, "passed"),
        (state.ended_early, "ended before it could be captured"), (state.failed, "failed"), (state.left, "left"),
    )  # fmt: skip
    shown = [f"{count} {words}" for count, words in counts if count]
    if not shown:
        shown = ["nothing caught yet" if state.ending is None else "nothing caught"]
    if state.lost:
        shown.append(f"events lost {state.lost} time{'s' * (state.lost != 1)}, so that more may have come and gone")
    return " · ".join(shown)


def whole_seconds(seconds: float) -> str:
    """A time that counts up before one's eyes: `0 s`, `12 s`, `2 min 5 s`."""
    whole = int(max(0.0, seconds))
    return f"{whole} s" if whole < 60 else seconds_text(float(whole))


def armed_words(armed: Sequence[RuleState]) -> str:
    """For the status line: `2 rules armed`, "" without one."""
    return "" if not armed else f"{len(armed)} rule{'s' * (len(armed) != 1)} armed"


def rule_lines(state: RuleState, now: float, width: int, glyphs: Glyphs, *, is_cursor: bool) -> tuple[Line, ...]:
    """One rule in lines of at most `width` cells; `now` is `time.monotonic()`."""
    is_armed = state.ending is None
    bar = Piece(glyphs.cursor if is_cursor else " ", "capturing")
    sign = Piece(glyphs.capturing if is_armed else glyphs.exited, "capturing" if is_armed else "exited")
    age = _age(state, now)
    room = max(8, width - 7)
    first, *more = wrapped(glyphs.text(f"{state.id}  {printable(state.sentence, 400)}"), room)
    lines: list[Line] = [(bar, Piece(" "), sign, Piece(" "), Piece(first, "name" if is_armed else "exited"))]
    lines += [(bar, Piece("      "), Piece(text, "name" if is_armed else "exited")) for text in more]
    style = "failed" if state.failed or state.lost or state.ending is Ending.ERROR else "muted"
    for text in wrapped(glyphs.text(f"{age} · {counts_text(state)}"), room):
        lines.append((bar, Piece("      "), Piece(text, style)))
    for one in _shown(state.caught):
        lines += [(bar, Piece("      "), *line) for line in _caught(one, now, room, glyphs)]
        if one.note:
            note = wrapped(glyphs.text(printable(one.note, 300)), max(8, room - 4))
            lines += [(bar, Piece("        "), Piece(text, "muted")) for text in note]
    if hidden := len(state.caught) - len(_shown(state.caught)):
        lines.append((bar, Piece(f"      {hidden} more before", "muted")))
    return tuple(cut_line(line, width, glyphs.ellipsis) for line in lines)


def _age(state: RuleState, now: float) -> str:
    return (
        f"armed {whole_seconds(now - state.armed_at)}"
        if state.ending is None
        else f"over: {ending_words(state.ending, state.rule)}"
    )


def _shown(caught: Sequence[Caught]) -> tuple[Caught, ...]:
    """Newest first; what something happens to before all that is over."""
    newest = list(reversed(caught))
    live = [one for one in newest if one.stage not in CLOSED]
    return tuple([*live, *(one for one in newest if one.stage in CLOSED)][:MOST_CAUGHT])


def _caught(one: Caught, now: float, width: int, glyphs: Glyphs) -> list[Line]:
    """Its sign and name, then what it is doing and since when."""
    sign, style = _sign(one.stage, glyphs)
    words = _DOING[one.stage]
    if one.exit_status is not None:
        words += f", {status_words(one.exit_status)}"
    since = whole_seconds(now - one.since)
    when = f"for {since}" if one.stage not in CLOSED else f"{since} ago"
    name = cut(glyphs.text(target_name(one.name, one.key.pid)), max(8, width // 2), glyphs.ellipsis)
    head = (Piece(f"{sign} ", style), Piece(f"{name}  ", "name"))
    first, *more = wrapped(f"{words}, {when}", max(8, width - line_width(head)))
    return [(*head, Piece(first, style)), *((Piece("    "), Piece(text, style)) for text in more)]


def _sign(stage: Stage, glyphs: Glyphs) -> tuple[str, str]:
    match stage:
        case Stage.HELD:
            return glyphs.held, "held"
        case Stage.TRACED:
            return glyphs.traced, "traced"
        case Stage.LOOKING | Stage.CAPTURING | Stage.WRITING:
            return glyphs.capturing, "capturing"
        case Stage.CAPTURED | Stage.LOOKED:
            return glyphs.done, "done"
        case Stage.FAILED:
            return glyphs.failed, "failed"
        case Stage.STARTING | Stage.WAITING:
            return glyphs.queued, "muted"
    return glyphs.cancelled, "muted"


def told_line(told: Told, width: int, glyphs: Glyphs) -> Line:
    """One piece of news in a line of at most `width` cells, after the time of day."""
    news = told.news
    text = printable(f"{news.text}: {news.hint}" if news.hint else news.text, 400)
    clock = time.strftime("%H:%M:%S", time.localtime(told.at))
    style = {Severity.REFUSAL: "failed", Severity.WARNING: "warning"}.get(news.severity, "name")
    head = (Piece(f" {clock}  ", "muted"),)
    return (*head, Piece(cut(glyphs.text(text), max(0, width - line_width(head)), glyphs.ellipsis), style))


def news_lines(news: Iterable[Told], width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """What was told, newest first, under a heading; nothing while nothing was."""
    lines = [told_line(told, width, glyphs) for told in reversed(list(news))]
    return ((), (Piece(" News", "heading"),), *lines) if lines else ()


def empty_lines(width: int, glyphs: Glyphs, *, how: str, back: str) -> tuple[Line, ...]:
    """What stands here without a rule: how to begin. `how` arms a rule, `back` leads to the processes."""
    texts = (
        "No rule is armed.",
        f"A rule catches what is too fast to catch: go to the processes with {back}, put the cursor on a Calamari or "
        f"on its Tentacle and press {how}. Enter then arms the usual one: the next Calamari below that Tentacle is "
        "captured as soon as its runtime is ready.",
        f"{ONLY_HERE}. octotui catch does the same from a script.",
    )
    lines: list[Line] = []
    for number, text in enumerate(texts):
        style = "muted" if number else "heading"
        lines += [(Piece(" "), Piece(part, style)) for part in wrapped(glyphs.text(text), max(10, width - 2))]
        lines.append(())
    return tuple(lines[:-1])


def title_line(armed: int, over: int, width: int, glyphs: Glyphs) -> Line:
    """The first line of the list: how many there are, and how long they live."""
    counts = f"  {armed} armed" + (f", {over} over" if over else "")
    line = (Piece(" Rules", "heading"), Piece(counts, "muted"), Piece(f"   {ONLY_HERE.lower()}", "muted"))
    return cut_line(tuple(Piece(glyphs.text(p.text), p.style) for p in line), width, glyphs.ellipsis)
