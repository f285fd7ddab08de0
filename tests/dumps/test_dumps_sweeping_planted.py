"""Old staging is swept where octotui made it, never behind what somebody else put under that name in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.journal import Journal
from octotui.dumps.staged.shared_memory import home_of
from octotui.dumps.survival.sweeping import sweep

STAGING = ".octotui-0123456789abcdef"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="gives a link to another user, which only root can")


@contextmanager
def linked(home: Path, to: Path, uid: int) -> Iterator[None]:
    home.symlink_to(to)
    os.lchown(home, uid, uid)
    try:
        yield
    finally:
        home.unlink(missing_ok=True)


def old_staging(parent: Path) -> Path:
    found = parent / STAGING
    found.mkdir(mode=0o700, parents=True)
    (found / "core").write_text("a dump of another store")
    os.utime(found, (1, 1))
    return found


@pytest.mark.parametrize("uid", [65534, 0])
def test_a_link_in_the_place_of_our_memory_leads_the_sweep_nowhere(tmp_path: Path, uid: int) -> None:
    store = Store(tmp_path / "state" / "dumps")
    store.prepare()
    victim = old_staging(tmp_path / "victim")
    victim.parent.chmod(0o700)
    with linked(home_of(store.state), victim.parent, uid):
        sweep(store, Journal(store.jobs))
    assert (victim / "core").exists()


def test_old_staging_in_memory_of_our_own_is_swept(tmp_path: Path) -> None:
    store = Store(tmp_path / "state" / "dumps")
    store.prepare()
    home = home_of(store.state)
    home.mkdir(mode=0o711)
    left = old_staging(home)
    sweep(store, Journal(store.jobs))
    assert not left.exists() and not home.exists()
