"""Direct createdump: what it is started for, the words it says, and what is advised when it cannot be run."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dump_doubles import Sleeper, facts_of

from octotui.dotnet.model import CreatedumpTool, RuntimeFacts
from octotui.dumps.backends import advice, launching
from octotui.dumps.backends.base import Capture
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.model import DumpType
from octotui.dumps.rights import read_rights
from octotui.dumps.targets.target import HeldTarget
from octotui.errors import CaptureFailed, OctotuiError, ProcessGone
from octotui.processes.model import ProcessKey

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs files of several users")


@pytest.fixture
def rooted() -> Iterator[Path]:
    """A directory where only root can write, all the way down."""
    directory = Path("/opt") / f"octotui-test-{os.getpid()}"
    directory.mkdir(mode=0o755)
    yield directory
    for path in sorted(directory.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    directory.rmdir()


def tool(path: Path | str) -> CreatedumpTool:
    return CreatedumpTool(str(path), str(path), False, "it is not executable")


def made(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    path.chmod(0o644)
    return path


def test_a_tool_that_moves_the_offset_of_its_log_costs_no_memory() -> None:
    log = launching.bounded_log()
    try:
        os.write(log, b"[createdump] its words\n")
        os.lseek(log, 1 << 62, os.SEEK_SET)
        assert launching.words_in(log) == "[createdump] its words\n"
        os.lseek(log, 0, os.SEEK_SET)
        assert launching.words_in(log) == "[createdump] its words\n"
    finally:
        os.close(log)


@needs_root
def test_the_run_bits_of_a_file_of_root_are_a_command_that_survives_the_shell(rooted: Path) -> None:
    path = made(rooted / "it's $(reboot)" / "createdump")
    command = advice.run_bits(tool(path))
    assert shlex.split(command) == ["sudo", "chmod", "a+x", str(path)]


@needs_root
def test_no_command_is_advised_on_a_file_that_others_can_exchange(rooted: Path, tmp_path: Path) -> None:
    absent = advice.run_bits(tool(rooted / "absent"))
    theirs = made(rooted / "theirs" / "createdump")
    os.chown(theirs.parent, 65534, 65534)
    unprintable = made(rooted / "a\x1bb" / "createdump")
    link = rooted / "link"
    link.symlink_to(theirs)
    elsewhere = replace(tool(made(rooted / "plain")), reachable="/proc/1/root/plain")
    runnable = made(rooted / "runnable")
    runnable.chmod(0o755)
    found = [advice.run_bits(tool(path)) for path in (theirs, unprintable, link, runnable)]
    for words in (absent, *found, advice.run_bits(elsewhere)):
        assert "sudo" not in words
        assert "\x1b" not in words
        assert "/" not in words


@needs_root
def test_another_owner_is_to_be_changed_only_below_directories_of_root(rooted: Path) -> None:
    facts = facts_of(ProcessKey(1, 1), uid=0)
    theirs = made(rooted / "their's" / "createdump").parent
    os.chown(theirs, 65534, 65534)
    assert advice.trust(facts, str(theirs)).endswith(f"or make {shlex.quote(str(theirs))} root's own first")
    shared = made(rooted / "shared" / "planted")
    shared.parent.chmod(0o1777)
    link = rooted / "link"
    link.symlink_to(theirs)
    for path in (theirs / "createdump", shared, link, rooted / "absent", Path("/tmp/x\x1b"), Path("relative")):
        assert advice.trust(facts, str(path)) == "use --backend ipc"
    assert "--backend" not in advice.trust(replace(facts, socket=None), "/tmp/x")


class Started:
    """A createdump that starts a harmless program, and the facts that a second look gives."""

    def __init__(self, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, home: Path, **changes: object) -> None:
        path = home / "createdump"
        path.write_text("#!/bin/sh\n# createdump [options] pid\n")
        path.chmod(0o755)
        self.backend = CreatedumpBackend(replace(read_rights(), ptrace_scope=0))
        known = facts_of(sleeper.key, createdump=CreatedumpTool(str(path), str(path), True))
        self.capture = Capture(known, DumpType.HEAP, HeldTarget.open(sleeper.key), "/nowhere", 10.0)
        self.now: RuntimeFacts = replace(known, **changes)  # type: ignore[arg-type]
        monkeypatch.setattr("octotui.dotnet.runtime.inspect", lambda key: self.now)

    async def run(self) -> None:
        try:
            await self.backend.run(self.capture)
        finally:
            self.capture.target.close()


async def test_an_unchanged_target_is_captured(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await Started(sleeper, monkeypatch, tmp_path).run()


@pytest.mark.parametrize(
    "changes",
    [
        {"uid": 998},
        {"gid": 998},
        {"groups": (0,)},
        {"runtime_directory": "/tmp/evil"},
        {"createdump": CreatedumpTool("/bin/true", "/bin/true", True, untrusted="/bin")},
        {"createdump": None},
        {"same_mounts": False},
    ],
)
async def test_a_target_that_became_another_since_it_was_admitted_is_refused(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(CaptureFailed) as refused:
        await Started(sleeper, monkeypatch, tmp_path, **changes).run()
    assert refused.value.code == "changed"


async def test_nothing_is_started_for_a_target_that_has_ended(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = Started(sleeper, monkeypatch, tmp_path)
    sleeper.end()
    monkeypatch.setattr("octotui.dumps.backends.launching.subprocess.Popen", lambda *a, **k: pytest.fail("started"))
    with pytest.raises(ProcessGone):
        await started.run()


async def test_a_target_that_ends_while_createdump_starts_takes_it_along(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = Started(sleeper, monkeypatch, tmp_path)
    ended: list[object] = []
    end_now = launching._end_now
    checks = iter([None, ProcessGone("it ended")])

    def check(self: HeldTarget) -> None:
        if (error := next(checks)) is not None:
            raise error

    monkeypatch.setattr(HeldTarget, "check", check)

    def observed(process: subprocess.Popen[bytes]) -> None:
        end_now(process)
        ended.append(process.returncode)

    monkeypatch.setattr(launching, "_end_now", observed)
    with pytest.raises(OctotuiError, match="it ended"):
        await started.run()
    assert len(ended) == 1
    assert ended[0] is not None
