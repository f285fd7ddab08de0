"""The two files of an analysis: made anew, for their owner alone, never through a link, never over another file."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from analysis_world import HOST, TREE, sample, usual
from small_disks import small_disk_at

from octotui.analysis.files import write
from octotui.analysis.model import Analysis
from octotui.analysis.taking import take
from octotui.errors import StoreError


async def analysis() -> Analysis:
    return replace(await take(usual(), sample(), TREE, host=HOST), taken_at=1_770_000_000.0)


async def test_both_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    files = write(await analysis(), tmp_path / "made" / "here")
    assert files.text.name == "analysis-Tentacle-812-20260202T024000Z.txt"
    assert stat.S_IMODE(files.text.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (files.text, files.document)} == {0o600}
    document = json.loads(files.document.read_text())
    assert next(iter(document)) == "schema"
    assert "Calamari 14220" in files.text.read_text()


async def test_a_second_one_of_the_same_second_has_another_name(tmp_path: Path) -> None:
    made = await analysis()
    first, second = write(made, tmp_path), write(made, tmp_path)
    assert first != second
    assert len(os.listdir(tmp_path)) == 4


async def test_a_link_at_the_name_is_not_followed(tmp_path: Path) -> None:
    made = await analysis()
    victim = tmp_path / "victim"
    (tmp_path / "analysis-Tentacle-812-20260202T024000Z.txt").symlink_to(victim)
    files = write(made, tmp_path)
    assert not victim.exists()
    assert not files.text.is_symlink()


async def test_a_directory_that_cannot_be_made_is_a_sentence_with_the_next_step(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    with pytest.raises(StoreError) as caught:
        write(await analysis(), blocker / "below")
    assert "--output" in caught.value.hint


async def test_a_full_disk_leaves_no_half_analysis(tmp_path: Path) -> None:
    made = await analysis()
    with small_disk_at(tmp_path / "disk", "8k") as disk:
        with pytest.raises(StoreError, match="No space left") as caught:
            write(made, disk)
        assert caught.value.code == "disk-full"
        assert os.listdir(disk) == []


async def test_a_hostile_name_of_a_process_is_no_path(tmp_path: Path) -> None:
    made = await analysis()
    hostile = replace(made.processes[0], name="../../etc/passwd\x1b[31m")
    files = write(replace(made, processes=(hostile,)), tmp_path)
    assert files.text.parent == tmp_path
    assert files.text.name.isprintable()
