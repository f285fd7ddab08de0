"""Quota and free space: how they are written, what counts against them, and what a refusal says."""

from __future__ import annotations

import os
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dump_doubles import ScriptedBackend, facts_of, info, sample_of
from small_disks import small_disk_at
from store_world import keep_dump

from octotui.cli import run
from octotui.cli.output import Session
from octotui.config import Settings, load
from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.estimating.history import History
from octotui.dumps.keeping.limits import Bound, Fullness, Limits, parse_size
from octotui.dumps.keeping.store import Store
from octotui.dumps.keeping.usage import fullness, oldest_for, used_bytes
from octotui.dumps.model import DumpPlan, DumpRequest, Remark, Severity
from octotui.dumps.plans.planning import plan
from octotui.dumps.rights import Rights
from octotui.errors import UsageError
from octotui.processes.model import ProcessKey

SMALL, LARGE = ProcessKey(200, 200), ProcessKey(210, 210)
BYTES = {SMALL: 10_000_000, LARGE: 60_000_000}
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("text", "total", "expected"),
    [
        ("10%", 1000, 100), ("12.5 %", 1000, 125), ("20GB", 1, 20 * 10**9), ("1.5g", 1, 1_500_000_000),
        ("512 MiB", 1, 512 << 20), ("0", 1000, 0), ("0%", 1000, 0), ("1000", 5, 1000), ("100%", 7, 7),
    ],
)  # fmt: skip
def test_limit_is_a_share_or_a_size(text: str, total: int, expected: int) -> None:
    assert Bound.parse(text, "quota").of(total) == expected


@pytest.mark.parametrize(
    "text", ["", "ten", "-1", "101%", "1e9", "10%%", "5 XB", "iB", "9" * 40, "\x1b[2J", "١٠%", "nan"]
)
def test_limit_that_makes_no_sense_names_the_setting(text: str) -> None:
    with pytest.raises(UsageError, match="keep-free") as caught:
        Bound.parse(text, "keep-free")
    assert "\x1b" not in str(caught.value)
    assert caught.value.hint


def test_limits_come_from_flag_environment_and_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('quota = "5%"\nkeep-free = 1000\n')
    settings = load([file], {})
    assert Limits.parse(settings.quota, settings.keep_free) == Limits(Bound(percent=5), Bound(bytes=1000))
    assert load([file], {"OCTOTUI_QUOTA": "1GB", "OCTOTUI_KEEP_FREE": "0"}).quota == "1GB"
    assert load([file], {"OCTOTUI_QUOTA": "1GB"}, quota="2GB").quota == "2GB"
    assert Limits.parse(Settings().quota, Settings().keep_free) == Limits() == Limits(Bound(10.0), Bound(15.0))


def test_what_has_to_go_is_the_larger_of_both_shortages() -> None:
    state = Fullness(used_bytes=90, quota_bytes=100, free_bytes=40, keep_free_bytes=30)
    assert [state.missing_bytes(room) for room in (0, 10, 20, 60)] == [0, 0, 10, 50]
    assert Fullness(500, 0, 40, 0).missing_bytes() == 0
    assert parse_size("1KB", "x") == 1000


def test_store_counts_blocks_and_every_file_once(tmp_path: Path) -> None:
    (tmp_path / "a.dmp").write_bytes(b"x" * 1_000_000)
    (tmp_path / "notes.txt").write_bytes(b"x" * 300_000)
    (tmp_path / ".octotui-0").mkdir()
    (tmp_path / ".octotui-0" / "dump").write_bytes(b"x" * 200_000)
    os.sync()
    alone = used_bytes(tmp_path)
    assert 1_500_000 <= alone < 1_600_000
    os.link(tmp_path / "a.dmp", tmp_path / "b.dmp")
    (tmp_path / "loop").symlink_to(tmp_path)
    with (tmp_path / "sparse.dmp").open("wb") as stream:
        stream.truncate(1 << 40)
    assert used_bytes(tmp_path) == alone
    assert used_bytes(tmp_path / "absent") == 0


def test_oldest_dumps_are_chosen_and_no_more_than_needed(tmp_path: Path) -> None:
    store = Store(tmp_path / "state" / "dumps")
    for age in (1, 3, 2):
        keep_dump(store, f"d{age}.dmp", size=100_000, taken_at=NOW - timedelta(days=age))
    (store.directory / "gone.dmp.json").write_text('{"schema": 1, "captured_at": "2001-01-01T00:00:00Z"}')
    keep_dump(store, "linked.dmp", size=100_000, taken_at=NOW - timedelta(days=9))
    os.link(store.directory / "linked.dmp", tmp_path / "second name")
    found = store.records()
    assert [r.name for r in oldest_for(found, 1)] == ["d3.dmp"]
    assert [r.name for r in oldest_for(found, 150_000)] == ["d3.dmp", "d2.dmp"]
    assert oldest_for(found, 10**9) == oldest_for(found, 0) == ()


def planned(store: Store, limits: Limits, *keys: ProcessKey, output: Path | None = None) -> DumpPlan:
    def facts(key: ProcessKey) -> RuntimeFacts:
        return facts_of(key, private_bytes=BYTES[key])

    return plan(
        DumpRequest(keys, frozenset(keys), destination=output),
        sample_of(*(info(key) for key in keys)),
        backends=(ScriptedBackend("ipc"),),
        store=store,
        history=History(),
        inspect=facts,
        rights=Rights(os.geteuid(), os.getegid()),
        limits=limits,
    )


def refusals(made: DumpPlan) -> list[Remark]:
    return list(made.of(Severity.REFUSAL))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "dumps")


def test_full_quota_refuses_with_figures_the_oldest_dumps_and_their_removal(store: Store) -> None:
    for age in (12, 3):
        keep_dump(store, f"Calamari-{age}.dmp", size=20_000_000, taken_at=NOW - timedelta(days=age))
    made = planned(store, Limits(Bound(bytes=50_000_000), Bound()), SMALL)
    assert made.is_refused
    (refusal,) = refusals(made)
    assert (refusal.code, refusal.key) == ("quota", SMALL)
    assert "40 MB of the 50 MB that dumps may take are used" in refusal.message
    assert "Calamari-12.dmp (12d old, 20 MB)" in refusal.message
    assert "Calamari-3.dmp" not in refusal.message
    assert refusal.hint == "octotui dumps remove --yes Calamari-12.dmp"
    assert len(store.records()) == 2


def test_many_dumps_are_removed_by_a_rule_and_not_by_name(store: Store) -> None:
    for number in range(9):
        keep_dump(store, f"d{number}.dmp", size=2_000_000, taken_at=NOW - timedelta(days=number + 1))
    (refusal,) = refusals(planned(store, Limits(Bound(bytes=20_000_000), Bound()), SMALL))
    found = re.fullmatch(r"octotui dumps prune --free (\d+) --yes", refusal.hint)
    assert found is not None
    assert len(oldest_for(store.records(), int(found[1]))) == 8
    assert "and 4 more" in refusal.message


@pytest.mark.parametrize("count", [2, 9])
def test_command_of_a_refusal_makes_room_when_it_is_pasted(
    own_state: Path, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(own_state / "dumps")
    for number in range(count):
        keep_dump(store, f"-d {number}.dmp", size=18_000_000 // count, taken_at=NOW - timedelta(days=number + 1))
    limits = Limits(Bound(bytes=20_000_000), Bound())
    (refusal,) = refusals(planned(store, limits, SMALL))
    assert run(shlex.split(refusal.hint)[1:], Session()) == 0
    assert not planned(store, limits, SMALL).is_refused
    assert len(store.records()) == (0 if count == 2 else 1)


def test_largest_step_goes_first_and_the_others_stay(store: Store) -> None:
    made = planned(store, Limits(Bound(bytes=50_000_000), Bound()), SMALL, LARGE)
    assert [step.target.key for step in made.steps] == [SMALL]
    (refusal,) = refusals(made)
    assert (refusal.code, refusal.key) == ("quota", LARGE)
    assert "for 2 dumps" in refusal.message
    assert "allow it with --quota 1GB" in refusal.hint


def test_quota_is_of_the_store_alone_but_known_by_any_name_of_it(store: Store, tmp_path: Path) -> None:
    limits = Limits(Bound(bytes=1), Bound())
    store.prepare()
    assert not planned(store, limits, SMALL, output=tmp_path / "elsewhere").is_refused
    assert planned(store, limits, SMALL, output=store.directory).is_refused
    assert planned(store, limits, SMALL, output=store.directory.parent / "." / "dumps").is_refused


def test_space_that_stays_free_counts_everywhere(store: Store, tmp_path: Path) -> None:
    limits = Limits(Bound(), Bound(percent=100.0))
    for output in (None, tmp_path / "elsewhere"):
        (refusal,) = refusals(planned(store, limits, SMALL, output=output))
        assert refusal.code == "keep-free"
        assert "have to stay free (keep-free 100%)" in refusal.message


def test_limits_that_are_off_refuse_nothing(store: Store) -> None:
    keep_dump(store, "a.dmp", size=1000, taken_at=NOW)
    assert not planned(store, Limits.none(), SMALL).is_refused


def test_dumps_of_a_store_on_a_small_disk_make_way_when_they_are_removed(tmp_path: Path) -> None:
    with small_disk_at(tmp_path / "disk", "300m") as disk:
        store = Store(disk / "state" / "dumps")
        keep_dump(store, "old.dmp", size=120_000_000, taken_at=NOW - timedelta(days=5))
        limits = Limits(Bound(), Bound(percent=40.0))
        (refusal,) = refusals(planned(store, limits, LARGE))
        assert refusal.code == "keep-free"
        assert refusal.hint == "octotui dumps remove --yes old.dmp"
        assert "old.dmp (5d old, 120 MB)" in refusal.message
        elsewhere = Store(tmp_path / "state" / "dumps")
        keep_dump(elsewhere, "far.dmp", size=120_000_000, taken_at=NOW - timedelta(days=5))
        (other,) = refusals(planned(elsewhere, limits, LARGE, output=disk / "out"))
        assert "far.dmp" not in other.message + other.hint
        store.remove(store.records()[0])
        assert not planned(store, limits, LARGE).is_refused
        assert fullness(store.directory, limits).used_bytes == 0
