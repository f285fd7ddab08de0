"""Small pieces: cells, lines of jobs and plans, stylesheets, themes, background reads, the picture."""

from __future__ import annotations

import asyncio
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from ui_fakes import CALAMARI, TENTACLE, step

from octotui.dumps.model import DumpPlan, DumpRequest, LeftOut
from octotui.dumps.results import Job, JobState
from octotui.ui.background import in_daemon_thread
from octotui.ui.lines.cells import cut, cut_middle, left, line_text, line_width, right, short_path, wrapped
from octotui.ui.lines.glyphs import ASCII, UNICODE
from octotui.ui.lines.jobs import job_line, panel_lines
from octotui.ui.lines.plan import plan_lines
from octotui.ui.stylesheets import styles_directory, stylesheet_paths, tokens
from octotui.ui.themes import NAMES, make_theme

ROOT = Path(__file__).resolve().parents[2]
TEXTS = st.text(st.characters(exclude_categories=("C", "Z", "M")) | st.just(" "), max_size=40)


@given(TEXTS, st.integers(0, 30))
def test_cut_text_never_takes_more_cells_than_it_may(text: str, width: int) -> None:
    for ellipsis in ("…", "..."):
        assert cell_len(cut(text, width, ellipsis)) <= width
        assert cell_len(cut_middle(text, width, ellipsis)) <= width
        assert cell_len(short_path(f"/{text}/{text}", width, ellipsis)) <= width
        assert cell_len(left(text, width, ellipsis)) == cell_len(right(text, width, ellipsis)) == width


@given(TEXTS, st.integers(2, 30))
def test_wrapping_loses_no_letter(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_path_keeps_its_file_name_as_long_as_it_can() -> None:
    path = "/var/lib/octotui/dumps/Tentacle-812-20260930T101502Z.dmp"
    assert short_path(path, 60) == path
    assert short_path(path, 40) == "…/Tentacle-812-20260930T101502Z.dmp"
    assert short_path(path, 20).startswith("…/Tenta") and short_path(path, 20).endswith("Z.dmp")


@pytest.mark.parametrize("width", [20, 40, 73, 100, 160])
def test_job_lines_fit_and_are_aligned(width: int) -> None:
    running = Job(1, step(CALAMARI), JobState.RUNNING, 1_100_000_000, 3.4, 3.2, True)
    jobs = (running, Job(2, step(TENTACLE)))
    for glyphs in (UNICODE, ASCII):
        lines = panel_lines(jobs, width, 4, glyphs)
        assert all(line_width(line) <= width for line in lines)
    if width >= 73:
        text = line_text(panel_lines(jobs, width, 4, UNICODE)[0])
        assert text.startswith("Dumps  ● Calamari 14220 ") and "paused 3.2 s" in text and text.endswith("ETA 2 s")


def test_the_panel_shows_what_runs_and_counts_the_rest() -> None:
    jobs = tuple(Job(n, step(CALAMARI), JobState.CANCELLED if n < 6 else JobState.QUEUED) for n in range(1, 12))
    jobs = tuple(replace(job, state=JobState.RUNNING) if job.id == 6 else job for job in jobs)
    lines = [line_text(line) for line in panel_lines(jobs, 73, 4, UNICODE)]
    assert len(lines) == 4 and "●" in lines[1] and "more: press 2" in lines[3]


def test_a_job_without_progress_shows_no_eta() -> None:
    assert "ETA" not in line_text(job_line(Job(1, step(CALAMARI), JobState.RUNNING), 80, UNICODE))


def test_a_capture_before_its_first_byte_says_what_it_does() -> None:
    early = line_text(job_line(Job(1, step(CALAMARI), JobState.RUNNING), 100, UNICODE))
    later = line_text(job_line(Job(1, step(CALAMARI), JobState.RUNNING, bytes_written=10**6), 100, UNICODE))
    assert "looking at its memory" in early and " of ~" not in early
    assert "looking at its memory" not in later and " of ~" in later


@pytest.mark.parametrize("width", [20, 53, 58, 75, 95])
def test_plan_lines_fit_and_group_what_is_left_out(width: int) -> None:
    shells = tuple(LeftOut(step(CALAMARI).target, "it is not a .NET process") for _ in range(5))
    request = DumpRequest((CALAMARI.key,))
    plan = DumpPlan(request, (step(CALAMARI), step(TENTACLE)), shells, (), Path("/var/lib/octotui/dumps"), 10**10)
    lines = plan_lines(plan, width, UNICODE)
    assert all(line_width(line) <= width for line in lines)
    assert "\n".join(line_text(line) for line in lines).count("not a .NET") <= 1


def test_every_stylesheet_is_found_and_no_other_lies_about() -> None:
    found = {path.name for path in styles_directory().glob("*.tcss")}
    assert found == {path.name for path in stylesheet_paths()} | {
        "tokens.tcss",
        "tokens_light.tcss",
        "tokens_ansi.tcss",
        "tokens_high_contrast.tcss",
    }
    for path in styles_directory().glob("*.tcss"):
        assert path.read_text("utf-8").startswith("/* ")


def test_styles_of_a_wheel_come_before_those_of_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "octotui"
    (tmp_path / "styles").mkdir()
    package.mkdir()
    assert styles_directory(package) == tmp_path / "styles"
    (package / "styles").mkdir()
    assert styles_directory(package) == package / "styles"


def test_themes_name_the_same_tokens_and_no_colour_stands_outside_of_them() -> None:
    dark = set(tokens("dark"))
    for name in NAMES:
        assert dark <= set(tokens(name))
        assert make_theme(name).name == f"octotui-{name}"
    for path in stylesheet_paths():
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?!.*\{)|rgb\(|ansi_", path.read_text("utf-8")), path.name


async def test_a_blocking_read_gives_its_value_or_its_error() -> None:
    assert await in_daemon_thread(lambda: threading.current_thread().daemon) is True
    with pytest.raises(ZeroDivisionError):
        await in_daemon_thread(lambda: 1 // 0)


async def test_a_read_that_never_ends_can_be_left_behind() -> None:
    gate = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await in_daemon_thread(gate.wait)
    gate.set()


def test_a_capture_that_waits_for_somebody_else_says_for_what() -> None:
    queued = Job(1, step(CALAMARI))
    waiting = replace(queued, waits_for="waits for stacks of process 14220 to end")
    assert "waits for stacks of process 14220 to end" in line_text(job_line(waiting, 80, UNICODE))
    assert "waits  ~" in line_text(job_line(queued, 80, UNICODE))
    assert line_width(job_line(waiting, 40, UNICODE)) <= 40
