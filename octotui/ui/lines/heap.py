"""Heap types in lines: what a histogram would cost, how it comes on, and the table of types."""

from __future__ import annotations

from collections.abc import Iterator

from octotui.dotnet.heap.model import HeapHistogram, HeapPlan, TypeUse
from octotui.dotnet.stacks.text import milliseconds
from octotui.text import printable
from octotui.ui.lines.cells import Piece, cut_middle, right
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.listing import EMPTY, Item, sentence_items
from octotui.units import bytes_text, percent_text, seconds_text, short_bytes

NO_CONTENT = "Names of types, counts and sizes are read, no content: no secret can be in it."


def cost_sentences(plan: HeapPlan, name: str) -> Iterator[tuple[str, str]]:
    """What the histogram costs the process `name`, as sentences with their styles."""
    yield f"The managed heap of {name} holds {bytes_text(plan.heap_bytes)}.", "name"
    yield (
        f"All of its threads stand still for about {seconds_text(plan.stop_seconds)}, while its collector counts.",
        "warning",
    )
    memory = f"It may need up to {bytes_text(plan.memory_bytes)} more memory meanwhile"
    if plan.headroom_bytes is None:
        yield f"{memory}; no limit of a container is known.", ""
    else:
        yield f"{memory}; {bytes_text(plan.headroom_bytes)} are left below its limit.", ""
    for warning in plan.warnings:
        shown = printable(warning, 400)
        yield shown[:1].upper() + shown[1:], "warning"
    yield NO_CONTENT, "muted"


def refused_items(plan: HeapPlan, width: int, glyphs: Glyphs) -> list[Item]:
    """Why no histogram is made, and what to do about that."""
    items = sentence_items(printable(plan.refusal, 400), "failed", width, glyphs, sign=f"{glyphs.failed} ")
    if plan.hint:
        items += sentence_items(f"→ {printable(plan.hint, 400)}", "hint", width, glyphs, sign="  ")
    heap, memory = bytes_text(plan.heap_bytes), bytes_text(plan.memory_bytes)
    room = "" if plan.headroom_bytes is None else f", {bytes_text(plan.headroom_bytes)} are left below its limit"
    return [*items, EMPTY, *sentence_items(f"Heap {heap}; up to {memory} more needed{room}.", "muted", width, glyphs)]


def progress_items(plan: HeapPlan, done: int, seconds: float, width: int, glyphs: Glyphs) -> list[Item]:
    """How much has come of what may come, and a bar of it."""
    most = max(plan.memory_bytes, done, 1)
    cells = max(4, min(40, width - 2))
    full = round(cells * done / most)
    filled, empty = ("#", ".") if glyphs.is_ascii else ("█", "░")
    words = f"{bytes_text(done)} have come of up to {bytes_text(most)}, {seconds_text(seconds)}"
    return [
        *sentence_items(
            "Counting: the process runs on as soon as its collector has told it all.", "name", width, glyphs
        ),
        Item((Piece(filled * full, "capturing"), Piece(empty * (cells - full), "muted"))),
        *sentence_items(words, "muted", width, glyphs),
    ]


def histogram_items(found: HeapHistogram, width: int, glyphs: Glyphs) -> list[Item]:
    """What was counted and what that cost, then a line for each type, most bytes first."""
    types = "1 type" if len(found.types) == 1 else f"{len(found.types)} types"
    words = (
        f"{found.objects:,} objects of {types}, {bytes_text(found.bytes)}. It stood still for at most "
        f"{_stop(found.stop_seconds)}; all took {seconds_text(found.seconds)}, "
        f"{bytes_text(found.stream_bytes)} came."
    )
    items = sentence_items(words, "muted", width, glyphs)
    for remark in found.remarks:
        items += sentence_items(printable(remark, 400), "warning", width, glyphs, sign="! ")
    if not found.is_whole and not found.remarks:
        items += sentence_items("The count is not whole: some of it was lost.", "warning", width, glyphs, sign="! ")
    head = _cells("BYTES", "SHARE", "OBJECTS", width, glyphs)
    items += [
        EMPTY,
        Item((Piece(f"{head}TYPE"[:width], "column"),), f"{'bytes':>14}  {'share':>6}  {'objects':>11}  type"),
    ]
    return [*items, *(_type_item(one, found.bytes, width, glyphs) for one in found.types)]


def _stop(seconds: float) -> str:
    return milliseconds(seconds) if seconds < 0.1 else seconds_text(seconds)


def _type_item(use: TypeUse, total: int, width: int, glyphs: Glyphs) -> Item:
    share = percent_text(100 * use.bytes / total) if total else "0.0"
    is_wide = width >= 60
    size, count = bytes_text(use.bytes) if is_wide else short_bytes(use.bytes), f"{use.objects:,}"
    cells = _cells(size, f"{share} %", count if is_wide else _short(use.objects), width, glyphs)
    name = cut_middle(glyphs.text(printable(use.type)), max(4, width - len(cells)), glyphs.ellipsis)
    whole = f"{use.bytes:>14}  {share:>5}%  {use.objects:>11}  {printable(use.type)}"
    return Item((Piece(cells, "label"), Piece(name)), whole, is_cut=name != glyphs.text(printable(use.type)))


def _cells(size: str, share: str, count: str, width: int, glyphs: Glyphs) -> str:
    """The figures before the name of a type; narrow lines go without the share."""
    if width < 60:
        return f"{right(size, 6, '')} {right(count, 7, '')} "
    return f"{right(size, 10, '')} {right(share, 7, '')} {right(count, 12, '')}  "


def _short(count: int) -> str:
    """At most seven cells for fewer than a trillion."""
    if count < 100_000:
        return f"{count:,}"
    return f"{count / 1e6:.1f}M" if count < 1e9 else f"{count / 1e9:.1f}G"
