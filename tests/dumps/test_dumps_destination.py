"""Where dumps may go: nobody else may be able to replace them, and only what fits is captured."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from dump_doubles import ScriptedBackend, facts_of, info, sample_of

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.disk.filesystems import FileSystem, file_system_of
from octotui.dumps.estimating.estimates import SMALL_BYTES, needed_bytes
from octotui.dumps.estimating.history import History
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, Remark, Severity
from octotui.dumps.plans import destination as module
from octotui.dumps.plans.destination import why_not_usable
from octotui.dumps.plans.planning import plan
from octotui.dumps.rights import Rights
from octotui.processes.model import ProcessKey

NOBODY = 65534
SMALL, MIDDLE, HUGE = (ProcessKey(pid, pid) for pid in (200, 210, 220))
BYTES = {SMALL: 50_000_000, MIDDLE: 80_000_000, HUGE: 90 * 10**12}

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to give directories away")


def facts(key: ProcessKey) -> RuntimeFacts:
    return facts_of(key, private_bytes=BYTES[key])


def planned(directory: Path, *keys: ProcessKey, named: bool = True, output: Path | None = None) -> DumpPlan:
    return plan(
        DumpRequest(keys, frozenset(keys) if named else frozenset(), destination=output),
        sample_of(*(info(key) for key in keys)),
        backends=(ScriptedBackend("ipc"),),
        store=Store(directory / "dumps"),
        history=History(),
        inspect=facts,
        rights=Rights(os.geteuid(), os.getegid()),
    )


def refusals(made: DumpPlan) -> list[Remark]:
    return list(made.of(Severity.REFUSAL))


def pids(made: DumpPlan) -> list[int]:
    return [step.target.key.pid for step in made.steps]


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A directory of another user, with one of our own inside it."""
    place = tmp_path / "theirs"
    (place / "ours").mkdir(parents=True)
    os.chown(place, NOBODY, NOBODY)
    return place


@only_root
def test_directory_of_another_user_is_refused(foreign: Path, tmp_path: Path) -> None:
    made = planned(tmp_path, SMALL, output=foreign)
    (refusal,) = refusals(made)
    assert made.is_refused
    assert f"belongs to uid {NOBODY}, who could replace the dumps" in refusal.message
    assert refusal.hint == "choose another --output DIR"


@only_root
@pytest.mark.parametrize("below", ["ours", "ours/new", "new"])
def test_way_through_the_directory_of_another_user_is_refused(foreign: Path, below: str) -> None:
    problem, hint = why_not_usable(foreign / below, is_store=False)
    assert problem.startswith(f"{foreign} belongs to uid {NOBODY}")
    assert "chmod" not in hint
    assert why_not_usable(foreign / below, is_store=True)[0] == problem


@only_root
def test_link_of_another_user_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real" / "dumps").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to("real")
    assert why_not_usable(link / "dumps", is_store=False) == ("", "")
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    assert f"{link} belongs to uid {NOBODY}" in why_not_usable(link / "dumps", is_store=False)[0]


@only_root
def test_way_through_a_directory_that_others_can_write_to_is_refused_for_root(tmp_path: Path) -> None:
    (tmp_path / "open" / "dumps").mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    assert "others can write to" in why_not_usable(tmp_path / "open" / "dumps", is_store=False)[0]
    (tmp_path / "open").chmod(0o1777)
    assert why_not_usable(tmp_path / "open" / "dumps", is_store=False) == ("", "")


@only_root
def test_user_may_name_directories_of_root_and_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "mine"
    place.mkdir(mode=0o700)
    os.chown(place, NOBODY, NOBODY)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    assert why_not_usable(place, is_store=False) == ("", "")
    os.chown(place, 1234, 1234)
    assert "belongs to uid 1234" in why_not_usable(place, is_store=False)[0]


def test_directory_for_everybody_is_refused_with_a_place_inside_it(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    (refusal,) = refusals(planned(tmp_path, SMALL, output=shared))
    assert "shared with others" in refusal.message
    assert refusal.hint == f"use a directory inside it: --output {shared}/dumps-$USER"
    assert not planned(tmp_path, SMALL, output=shared / "dumps-me").is_refused


def test_closing_a_directory_is_advised_to_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "open"
    place.mkdir(mode=0o755)
    (warning,) = planned(tmp_path, SMALL, output=place).of(Severity.WARNING)
    if os.geteuid() == 0:
        assert "chmod" not in warning.hint
        assert f"--output {place}/dumps-$USER" in warning.hint
    else:
        assert warning.hint == f"chmod 700 {place}"


def test_reservation_of_ninety_terabytes_costs_the_others_nothing(tmp_path: Path) -> None:
    made = planned(tmp_path, SMALL, HUGE, MIDDLE)
    assert pids(made) == pids(planned(tmp_path, SMALL, MIDDLE))
    assert not made.is_refused
    (refusal,) = refusals(made)
    assert (refusal.code, refusal.key) == ("no-space", HUGE)
    assert [out.target.key for out in made.left_out] == [HUGE]
    assert "90" in refusal.message


def test_largest_goes_when_all_do_not_fit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = replace(file_system_of(tmp_path), free_bytes=needed_bytes(BYTES[MIDDLE] + SMALL_BYTES))

    def small(_: Path) -> FileSystem:
        return disk

    monkeypatch.setattr(module, "file_system_of", small)
    made = planned(tmp_path, MIDDLE, SMALL)
    assert pids(made) == [SMALL.pid]
    (refusal,) = refusals(made)
    assert refusal.key == MIDDLE
    assert "for 2 dumps" in refusal.message
    assert pids(planned(tmp_path, MIDDLE)) == [MIDDLE.pid]


def test_plan_of_which_nothing_fits_is_refused(tmp_path: Path) -> None:
    made = planned(tmp_path, HUGE)
    assert made.is_refused
    assert made.free_bytes > 0
    assert made.of(Severity.NOTICE) == ()
