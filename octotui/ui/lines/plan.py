"""A capture's plan in words: a row per step, what is left out and why, where it goes, and what one should know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.model import DumpPlan, Remark, Severity, Step
from octotui.dumps.plans.offers import chosen_offer, disk_reasons, offer_words, step_notes
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut, cut_line, left, right, short_path, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import target_name
from octotui.units import bytes_text, seconds_text

_SIGNS = {Severity.REFUSAL: "x", Severity.WARNING: "!", Severity.NOTICE: "i"}
_STYLES = {Severity.REFUSAL: "failed", Severity.WARNING: "warning", Severity.NOTICE: "notice"}

_LABEL = 10
"""Cells of the label before a paragraph."""


def plan_title(plan: DumpPlan, *, is_only_shown: bool) -> str:
    if plan.is_refused:
        return "Nothing can be captured"
    count = len(plan.steps)
    processes = "1 process" if count == 1 else f"{count} processes"
    return f"Plan: {processes}, nothing is run" if is_only_shown else f"Capture {processes}"


def can_be_asked(facts: RuntimeFacts) -> bool:
    """Whether its runtime could answer now: there is a socket, and nothing keeps the process from running."""
    return facts.socket is not None and not facts.waits_at_start and not facts.tracer_pid and facts.state not in "TtZX"


def stacks_first_lines(key: str, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The offer to look before a dump is made; `key` leads there."""
    line = (Piece("Stacks first (0.1 s, no secrets): ", "hint"), Piece(glyphs.text(key), "key"))
    return (cut_line(line, width, glyphs.ellipsis),)


def plan_lines(plan: DumpPlan, width: int, glyphs: Glyphs, *, notes: Sequence[str] = ()) -> tuple[Line, ...]:
    """The whole plan in lines of at most `width` cells, refusals first. `notes` are sentences on its processes."""
    lines: list[Line] = []
    refusals = plan.of(Severity.REFUSAL)
    for remark in refusals:
        lines += _remark(remark, width, glyphs)
    if plan.steps:
        if refusals:
            lines.append(())
        lines += _step_table(plan, width, glyphs)
        lines.append(())
    for note in notes:
        lines += _remark(Remark(Severity.WARNING, "note", note), width, glyphs)
    for remark in plan.of(Severity.WARNING):
        lines += _remark(remark, width, glyphs)
    lines += _orders(plan, width, glyphs)
    for remark in plan.of(Severity.NOTICE):
        lines += _remark(remark, width, glyphs)
    lines += _destination(plan, width, glyphs)
    lines += _left_out(plan, width, glyphs)
    lines += _paragraphs("Note", step_notes(plan), width, glyphs)
    lines += _how(plan, width, glyphs)
    return tuple(cut_line(line, width, glyphs.ellipsis) for line in lines)


def _step_table(plan: DumpPlan, width: int, glyphs: Glyphs) -> list[Line]:
    name_width = max(12, width - 48) if width >= 60 else max(10, width - 20)
    lines = [_table_row("PROCESS", "ROLE", "TYPE", "HOW", "SIZE", "PAUSE", name_width, width, glyphs, "column")]
    for step in plan.steps:
        target = step.target
        name = target_name(target.name, target.key.pid)
        size, pause = f"~{bytes_text(step.estimate.bytes)}", f"~{seconds_text(step.estimate.pause_seconds)}"
        row = (name, printable(target.label, 9), step.type.value, step.backend, size, pause)
        lines.append(_table_row(*row, name_width, width, glyphs, ""))
    if len(plan.steps) > 1:
        offer = chosen_offer(plan)
        seconds = offer.total_seconds if offer is not None else plan.total_pause_seconds
        size, pause = f"~{bytes_text(plan.total_bytes)}", f"~{seconds_text(seconds)}"
        lines.append(_table_row("total", "", "", "", size, pause, name_width, width, glyphs, "muted"))
    return lines


def _orders(plan: DumpPlan, width: int, glyphs: Glyphs) -> list[Line]:
    """Each order of capture with what it costs; the one that would be carried out is marked."""
    lines: list[Line] = []
    for offer in plan.offers:
        is_chosen = offer.order is plan.request.order
        for number, text in enumerate(wrapped(glyphs.text(offer_words(offer)), width - 2)):
            sign = f"{glyphs.done} " if is_chosen and number == 0 else "  "
            lines.append((Piece(sign), Piece(text, "" if is_chosen else "muted")))
    return lines


def _table_row(
    name: str, role: str, kind: str, how: str, size: str, pause: str, name_width: int, width: int, glyphs: Glyphs,
    style: str,
) -> Line:  # fmt: skip
    fit = glyphs.ellipsis
    cells = [left(glyphs.text(name), name_width, fit)]
    if width >= 60:
        cells += [left(glyphs.text(role), 9, fit), left(kind, 6, fit), left(how, 11, fit)]
    cells += [right(size, 8, fit), right(pause, 10 if width < 60 else 9, fit)]
    return (Piece(cut(" ".join(cells), width, fit), style),)


def _remark(remark: Remark, width: int, glyphs: Glyphs) -> list[Line]:
    style = _STYLES[remark.severity]
    sign = glyphs.cancelled if remark.severity is Severity.REFUSAL else _SIGNS[remark.severity]
    lines: list[Line] = []
    for number, text in enumerate(wrapped(glyphs.text(printable(remark.message)), width - 2)):
        lines.append((Piece(f"{sign} " if number == 0 else "  ", style), Piece(text, style)))
    if remark.hint:
        lines += [
            (Piece("  "), Piece(t, "hint")) for t in wrapped(glyphs.text("→ " + printable(remark.hint)), width - 2)
        ]
    return lines


def _destination(plan: DumpPlan, width: int, glyphs: Glyphs) -> list[Line]:
    free = f"{bytes_text(plan.free_bytes)} free"
    path = short_path(glyphs.text(printable(str(plan.destination))), width - _LABEL - len(free) - 2, glyphs.ellipsis)
    return [(Piece(left("To", _LABEL), "label"), Piece(path), Piece("  "), Piece(free, "muted"))]


def _left_out(plan: DumpPlan, width: int, glyphs: Glyphs) -> list[Line]:
    """Grouped by reason, so that ten shells take one line."""
    reasons: dict[str, list[str]] = {}
    for item in plan.left_out:
        name = target_name(item.target.name, item.target.key.pid)
        reasons.setdefault(printable(item.reason, 200), []).append(name)
    texts = [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return _paragraphs("Left out", texts, width, glyphs)


def _how(plan: DumpPlan, width: int, glyphs: Glyphs) -> list[Line]:
    """The reason of each choice of backend, and of each that was passed over, said once however many steps share it."""
    texts: list[str] = []
    for step in plan.steps:
        for text in _reasons(step):
            if text not in texts:
                texts.append(text)
    return _paragraphs("How", [*texts, *disk_reasons(plan)], width, glyphs)


def _reasons(step: Step) -> Iterable[str]:
    if step.reason:
        yield f"{step.backend}: {printable(step.reason, 300)}"
    for passed in step.passed_over:
        yield f"not {passed.backend}: {printable(passed.reason, 300)}"


def _paragraphs(label: str, texts: list[str], width: int, glyphs: Glyphs) -> list[Line]:
    lines: list[Line] = []
    for text in texts:
        for part in wrapped(glyphs.text(text), width - _LABEL):
            lines.append((Piece(left("" if lines else label, _LABEL), "label"), Piece(part, "muted")))
    return lines
