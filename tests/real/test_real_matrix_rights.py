"""Matrix, the kernel's rules about tracing, and how octotui says which of them stands in the way.

The kernels that these tests run on have no Yama: its setting is read from a stand-in for /proc/sys, while target,
sockets and captures are real. What no rule forbids is captured, what one forbids is refused before anything is touched.
A seccomp filter on ptrace cannot be put around a running target either: there createdump is a script that says
what it says behind such a filter, word for word.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from dotnet_targets import NOBODY, StartTarget, needs_root
from matrix_world import MatrixWorld

from octotui.demo.runtimes import DotnetRuntime
from octotui.dumps.rights import PTRACE_SCOPE_WORDS, read_rights

ALLOW = "sudo sysctl kernel.yama.ptrace_scope=0"
REBOOT = "reboot with kernel.yama.ptrace_scope below 3"

# scope, uid of the target, backend: the hint of the refusal, or "" where the capture goes through. octotui is root.
RULES = [
    (0, NOBODY, "ipc", ""),
    (0, NOBODY, "createdump", ""),
    (1, NOBODY, "ipc", ""),
    (1, NOBODY, "createdump", ALLOW),
    (1, 0, "createdump", ""),
    (2, NOBODY, "ipc", "sudo sysctl kernel.yama.ptrace_scope=1"),
    (2, NOBODY, "createdump", ALLOW),
    (2, 0, "ipc", ""),
    (2, 0, "createdump", ""),
    (3, NOBODY, "ipc", REBOOT),
    (3, 0, "ipc", REBOOT),
    (3, 0, "createdump", REBOOT),
]


@needs_root
@pytest.mark.parametrize(("scope", "uid", "backend", "hint"), RULES)
def test_yama_allows_or_refuses_by_its_own_table(
    world: MatrixWorld,
    start_target: StartTarget,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scope: int,
    uid: int,
    backend: str,
    hint: str,
) -> None:
    setting = tmp_path / "kernel/yama/ptrace_scope"
    setting.parent.mkdir(parents=True)
    setting.write_text(f"{scope}\n")
    monkeypatch.setattr("octotui.dumps.service.read_rights", lambda: read_rights(tmp_path))
    done = world.dump(start_target(uid=uid or None), "--type", "mini", "--backend", backend)
    if not hint:
        assert (done.status, done.result["backend"]) == (0, backend), done
        return
    assert (done.status, done.code, done.hint) == (3, "no-backend", hint)
    assert PTRACE_SCOPE_WORDS[scope] in done.words


def scripted(copied: DotnetRuntime, script: str) -> DotnetRuntime:
    """The runtime with a script in the place of its createdump, which is beside it as `real`."""
    copied.createdump.rename(copied.createdump.with_name("real"))
    copied.createdump.write_text(f"#!/bin/sh\n# Usage: createdump [options] pid\n{script}\n")
    copied.createdump.chmod(0o755)
    return copied


def spelled(line: str) -> str:
    """The words as a script holds them: octotui reads in a createdump's file whom it would dump."""
    return line.replace("longer", 'lon""ger')


SAID = [
    (
        "[createdump] Problem suspending threads: ptrace(ATTACH, 7) FAILED Operation not permitted (1)",
        "traced",
        "the kernel forbids it: octotui doctor",
    ),
    (
        "[createdump] The process or container does not have permissions or access: "
        "open(/proc/7/mem) FAILED Permission denied (13)",
        "access-denied",
        "octotui doctor PID says which rule did",
    ),
    ("[createdump] Unrecognized argument '7'", "createdump-needs-parent", "this createdump only dumps its parent"),
    (
        "[createdump] The pid argument is no longer supported",
        "createdump-needs-parent",
        "this createdump only dumps its parent",
    ),
]


@pytest.mark.parametrize("backend", ["ipc", "createdump"])
@pytest.mark.parametrize(("line", "code", "hint"), SAID)
def test_denial_in_createdumps_words_comes_with_the_next_step(
    world: MatrixWorld,
    start_target: StartTarget,
    copied_runtime: DotnetRuntime,
    backend: str,
    line: str,
    code: str,
    hint: str,
) -> None:
    target = start_target(runtime=scripted(copied_runtime, f'echo "{spelled(line)}" >&2; exit 255'))
    done = world.dump(target, "--backend", backend)
    assert (done.status, done.outcome, done.code) == (1, "failed", code)
    assert line.removeprefix("[createdump] ") in done.words
    assert hint in done.hint


def test_denial_of_a_createdump_that_looked_too_early_is_tried_once_more(
    world: MatrixWorld, start_target: StartTarget, copied_runtime: DotnetRuntime
) -> None:
    script = """[ -e "$0.seen" ] && exec "${0%createdump}real" "$@"
: > "$0.seen"
echo "[createdump] open(/proc/7/mem) FAILED Permission denied (13)" >&2
echo "[createdump] Failure took 0ms" >&2
exit 255"""
    target = start_target(runtime=scripted(copied_runtime, script))
    assert world.dump(target, "--type", "mini", "--backend", "ipc").status == 0
    assert copied_runtime.createdump.with_name("createdump.seen").exists()
