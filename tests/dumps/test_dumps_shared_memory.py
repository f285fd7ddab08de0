"""Staging in memory: as private as on disk, never in what somebody else planted, and gone when it is done."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dump_doubles import ScriptedBackend, facts_of

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.captures.workplace import Workplace, Workshop
from octotui.dumps.estimating.history import History
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpType, Estimate, Medium, Step, Target
from octotui.dumps.rights import read_rights
from octotui.dumps.staged.places import place_of
from octotui.dumps.staged.shared_memory import home_of, make_place, why_not_in_memory
from octotui.dumps.staged.staging import Staging
from octotui.processes.model import ProcessKey

KEY = ProcessKey(os.getpid(), 1)
NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system in memory and acts as another user")


@pytest.fixture
def memory() -> Iterator[Path]:
    """A shared memory of 256 MB like the host's own: everybody may put something there, each his own."""
    place = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    words = ["mount", "-t", "tmpfs", "-o", "size=256m,mode=1777", "none", str(place)]
    try:
        if subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount")
        try:
            yield place
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)
    finally:
        place.rmdir()


@pytest.fixture
def home(memory: Path, tmp_path: Path) -> Path:
    return home_of(tmp_path / "state", memory)


def workplace_of(tmp_path: Path, memory: Path) -> Workplace:
    store = Store(tmp_path / "state" / "dumps")
    backend = ScriptedBackend()
    workshop = Workshop(
        store, {"ipc": backend}, History(), read_rights(), facts_of, surroundings=Surroundings(memory=memory)
    )
    return Workplace(workshop, store.directory)


def step_of(facts: RuntimeFacts, size: int = 50_000_000) -> Step:
    return Step(
        Target(facts.key, "Calamari"), "ipc", "", DumpType.HEAP, Estimate(size, 1.0), facts, medium=Medium.MEMORY
    )


def opened(place: Workplace, **changes: int) -> Medium:
    """What a step that is planned for memory is written to; nothing is left of it afterwards."""
    facts = facts_of(KEY)
    try:
        place.open(step_of(facts, **changes), facts, datetime.now(UTC))
        return place.medium
    finally:
        place.leave()
        place.close()


def test_staging_in_memory_is_private_to_its_writer_and_leaves_nothing(home: Path) -> None:
    facts = facts_of(KEY, uid=NOBODY, gid=NOBODY)
    staging = Staging.make(make_place(facts, read_rights(), home), "dump")
    found = home.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o711)
    inner = staging.directory.stat()
    assert (inner.st_uid, stat.S_IMODE(inner.st_mode)) == (NOBODY, 0o700)
    words = ["setpriv", "--reuid", str(NOBODY), "--clear-groups", "sh", "-c", f"echo x > {staging.inside_path}"]
    subprocess.run(words, check=True)
    descriptor, is_sealed = staging.take_over()
    os.close(descriptor)
    assert is_sealed
    staging.remove()
    assert not home.exists()


@pytest.mark.parametrize("plant", ["directory", "file", "link", "open directory"])
def test_what_somebody_planted_there_is_never_used(memory: Path, home: Path, tmp_path: Path, plant: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o711)
    match plant:
        case "directory":
            home.mkdir(mode=0o711)
        case "file":
            home.write_text("planted")
        case "link":
            home.symlink_to(victim)
        case "open directory":
            home.mkdir()
            home.chmod(0o777)
    if plant != "open directory":
        os.chown(home, NOBODY, NOBODY, follow_symlinks=False)
    assert why_not_in_memory(facts_of(KEY), home)
    with pytest.raises(OSError, match="in memory"):
        make_place(facts_of(KEY), read_rights(), home)
    before = os.lstat(home)
    assert opened(workplace_of(tmp_path, memory)) is Medium.DISK
    assert os.lstat(home) == before
    assert list(victim.iterdir()) == []


def test_memory_that_everybody_may_rename_in_is_not_used(memory: Path, home: Path) -> None:
    memory.chmod(0o777)
    assert "others can replace" in why_not_in_memory(facts_of(KEY), home)


def test_directory_that_is_no_memory_is_not_used(tmp_path: Path) -> None:
    assert "does not lie in memory" in why_not_in_memory(facts_of(KEY), home_of(tmp_path, Path("/proc/self")))


def test_target_with_other_mounts_writes_to_disk(home: Path) -> None:
    assert "other files" in why_not_in_memory(facts_of(KEY, same_mounts=False), home)


def test_home_that_an_ended_octotui_left_half_made_is_mended(home: Path) -> None:
    home.mkdir(mode=0o700)
    Staging.make(make_place(facts_of(KEY), read_rights(), home), "dump").remove()
    assert not home.exists()


def test_home_stays_while_another_capture_is_there(home: Path) -> None:
    first, second = (Staging.make(make_place(facts_of(KEY), read_rights(), home), "dump") for _ in range(2))
    first.remove()
    assert second.directory.is_dir()
    second.remove()
    assert not home.exists()


def test_later_octotui_clears_the_home_too(home: Path) -> None:
    staging = Staging.make(make_place(facts_of(KEY), read_rights(), home), "dump")
    device, inode = staging.identity
    staging.close()
    assert place_of(home, 0).is_transient
    again = Staging.reopen(staging.directory, "dump", device, inode, 0)
    assert again is not None
    again.remove()
    assert not home.exists()


def test_step_planned_for_memory_goes_there_and_the_journal_names_it(memory: Path, tmp_path: Path) -> None:
    place = workplace_of(tmp_path, memory)
    facts = facts_of(KEY)
    place.open(step_of(facts), facts, datetime.now(UTC))
    assert place.medium is Medium.MEMORY
    assert Path(place.entry.staging).parent == home_of(tmp_path / "state", memory)
    assert place.entry.record["medium"] == "memory"
    place.leave()
    place.close()
    assert list(memory.iterdir()) == []


def test_memory_that_has_gone_since_the_plan_is_not_filled(memory: Path, tmp_path: Path) -> None:
    assert opened(workplace_of(tmp_path, memory), size=150 << 20) is Medium.DISK
    assert opened(workplace_of(tmp_path, memory), size=100 << 20) is Medium.MEMORY


def test_two_states_never_share_a_home(tmp_path: Path) -> None:
    assert home_of(tmp_path / "a") != home_of(tmp_path / "b")
