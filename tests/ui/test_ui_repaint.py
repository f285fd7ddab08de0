"""Only cells that differ are sent, and what stands on the terminal afterwards is what was meant."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from octotui.ui.repaint import BRIDGE, Canvas

WIDTH, HEIGHT = 30, 6
PLAIN, BOLD = Style(), Style(bold=True)
CONSOLE = Console(color_system="256", force_terminal=True)
CUTS = (0, 11, WIDTH)
"""Two widgets stand beside each other."""


def strip(text: str, style: Style = PLAIN) -> Strip:
    return Strip([Segment(text, style)]).adjust_cell_length(WIDTH, PLAIN)


def part(strip: Strip, start: int, end: int) -> Strip:
    return strip.crop(start, end)


def whole(lines: Sequence[Strip]) -> LayoutUpdate:
    return LayoutUpdate(
        [[part(line, 0, CUTS[1]), part(line, CUTS[1], WIDTH)] for line in lines], Region(0, 0, WIDTH, HEIGHT)
    )


def some(lines: Sequence[Strip], which: Sequence[int], parts: Sequence[int] = (0, 1)) -> ChopsUpdate:
    """An update of the lines `which`, of the left widget (0), the right one (1) or both.

    As Textual gives it: a widget beside the span that is painted anew is blank in it.
    """
    chops = [
        {
            CUTS[at]: part(line if at in parts else strip(""), CUTS[at], CUTS[at + 1]) if y in which else None
            for at in (0, 1)
        }
        for y, line in enumerate(lines)
    ]
    return ChopsUpdate(chops, [(y, CUTS[parts[0]], CUTS[parts[-1] + 1]) for y in which], [[11, WIDTH]] * HEIGHT)


class Eye:
    """A terminal that shows what a canvas has sent."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.ByteStream(self.screen)
        # As the driver does it: a line that is as wide as the terminal goes on nowhere.
        self._stream.feed(b"\x1b[?7l")
        self.canvas = Canvas()

    def show(self, update: LayoutUpdate | ChopsUpdate) -> str:
        """What was sent for `update`."""
        found = self.canvas.difference(update)
        sent = found.render_segments(CONSOLE) if found else ""
        self._stream.feed(sent.encode().replace(b"\n", b""))
        return sent

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]


def text_of(lines: Sequence[Strip]) -> list[str]:
    return [line.text.rstrip() for line in lines]


WORDS = ["12.5", "0.0", "Calamari run-script", "│ └ bash", "数据库", "e\u0301\u0301x", "👩", "", "  7", "—"]


@pytest.mark.parametrize("seed", range(20))
def test_after_any_series_of_updates_the_terminal_shows_what_was_meant(seed: int) -> None:
    chance = random.Random(seed)
    eye = Eye()
    lines = [strip("")] * HEIGHT
    eye.show(whole(lines))
    for _ in range(40):
        which = sorted(chance.sample(range(HEIGHT), chance.randint(1, HEIGHT)))
        for y in which:
            words = (chance.choice(WORDS) for _ in range(4))
            cells = [Segment(f"{word} ", chance.choice((PLAIN, BOLD))) for word in words]
            lines[y] = Strip(cells).adjust_cell_length(WIDTH, PLAIN)
        eye.show(whole(lines) if chance.random() < 0.1 else some(lines, which))
        other = Eye()
        other.show(whole(lines))
        assert eye.lines == other.lines
        assert [dict(eye.screen.buffer[y]) for y in which] == [dict(other.screen.buffer[y]) for y in which]


def test_nothing_is_sent_for_what_stands_there_already() -> None:
    eye = Eye()
    lines = [strip("Tentacle  0.4  310M")] * HEIGHT
    eye.show(whole(lines))
    assert eye.show(some(lines, range(HEIGHT))) == ""


def test_of_a_line_with_one_other_figure_only_that_figure_is_sent() -> None:
    eye = Eye()
    eye.show(whole([strip("Tentacle  0.4  310M  run")] * HEIGHT))
    sent = eye.show(some([strip("Tentacle  7.4  310M  run")] * HEIGHT, [3]))
    assert sent == "\x1b[4;11H7"


def test_changes_far_apart_are_sent_apart_and_near_ones_together() -> None:
    eye = Eye()
    eye.show(whole([strip("0" + "." * 20 + "0")] * HEIGHT))
    assert eye.show(some([strip("1" + "." * 20 + "1")] * HEIGHT, [0])) == "\x1b[1;1H1\x1b[1;22H1"
    near = "." * (BRIDGE - 1)
    eye.show(whole([strip(f"0{near}0")] * HEIGHT))
    assert eye.show(some([strip(f"1{near}1")] * HEIGHT, [0])) == f"\x1b[1;1H1{near}1"


def test_another_style_of_the_same_text_is_sent() -> None:
    eye = Eye()
    eye.show(whole([strip("same")] * HEIGHT))
    assert "\x1b[1m" in eye.show(some([strip("same", BOLD)] * HEIGHT, [2]))


def test_a_line_with_wide_or_combining_characters_is_sent_whole() -> None:
    eye = Eye()
    eye.show(whole([strip("数据库 0.4")] * HEIGHT))
    assert eye.show(some([strip("数据库 7.4")] * HEIGHT, [0])).startswith("\x1b[1;1H数据库 7.4")
    assert eye.show(some([strip("Tentacle")] * HEIGHT, [0])).startswith("\x1b[1;1HTentacle")


def test_the_part_of_one_widget_leaves_the_other_alone() -> None:
    eye = Eye()
    before, after = [strip("left here  right")] * HEIGHT, [strip("LEFT HERE  RIGHT")] * HEIGHT
    eye.show(whole(before))
    eye.show(some(after, [1], parts=(1,)))
    assert eye.lines[1] == "left here  RIGHT"


def test_a_forgotten_picture_is_sent_anew() -> None:
    eye = Eye()
    lines = [strip("Tentacle")] * HEIGHT
    eye.show(whole(lines))
    eye.canvas.forget()
    assert "Tentacle" in eye.show(some(lines, [0]))
    assert "right" in eye.show(some([strip(" " * 11 + "right")] * HEIGHT, [5], parts=(1,)))
