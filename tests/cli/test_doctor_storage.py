"""What doctor says of the store's quota and of the space that stays free."""

from __future__ import annotations

from pathlib import Path

import pytest

from octotui.cli.doctor.check import Check, Status
from octotui.cli.doctor.storage import store
from octotui.dumps.disk.filesystems import FileSystem
from octotui.dumps.keeping.limits import Bound, Limits

GB = 10**9


def checks(directory: Path, limits: Limits, *, free: int = 50 * GB, is_store: bool = True) -> dict[str, Check]:
    def look(_: Path) -> FileSystem:
        return FileSystem(1, "ext4", free, 100 * GB)

    return {check.title: check for check in store(directory, is_store=is_store, look=look, limits=limits)}


def test_both_limits_are_told_with_their_figures(tmp_path: Path) -> None:
    found = checks(tmp_path, Limits())
    assert found["free space"].detail == "50 GB, of which 15 GB have to stay free"
    assert found["quota"].detail.startswith("0 bytes of 10 GB used in ")
    assert found["quota"].status is found["free space"].status is Status.OK


@pytest.mark.parametrize(("free", "fix"), [(16 * GB, "octotui dump --output"), (14 * GB, "octotui dumps prune")])
def test_space_that_has_to_stay_free_is_not_room_for_a_dump(tmp_path: Path, free: int, fix: str) -> None:
    check = checks(tmp_path, Limits(), free=free)["free space"]
    assert check.status is Status.WARNING
    assert check.fix.startswith(fix)


@pytest.mark.parametrize(
    ("quota", "fix"),
    [
        (2 * GB, "octotui dumps prune --free 100"),
        (GB, "octotui dump --quota 20GB"),
        (100_000, "octotui dumps prune --to-quota"),
    ],
)
def test_store_that_may_take_little_more_is_a_warning(tmp_path: Path, quota: int, fix: str) -> None:
    (tmp_path / "a.dmp").write_bytes(b"x" * 1_000_000)
    check = checks(tmp_path, Limits(Bound(bytes=quota), Bound()))["quota"]
    assert check.status is Status.WARNING
    assert check.fix.startswith(fix)


def test_directory_that_is_not_the_store_has_no_quota(tmp_path: Path) -> None:
    assert "quota" not in checks(tmp_path, Limits(), is_store=False)
    assert "quota" not in checks(tmp_path, Limits.none())
