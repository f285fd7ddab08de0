"""What cannot be traced is named, with who stands in the way and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dotnet_targets import NOBODY, needs_root
from exit_sentry import Traced

from octotui.dumps.exits import machine, refusing
from octotui.dumps.verifying.verify import verify
from octotui.errors import Refused

Ending = Any
"""The program of conftest's `start`."""


def refusal(pid: int, started: int) -> dict[str, str]:
    with Traced(pid, started, Path("/nowhere/core")) as traced:
        return traced.until("untraceable", "tracing")


def test_a_process_that_is_gone_or_another_by_now_is_said_to_be_gone(start) -> None:
    target = start("return")
    assert refusal(target.pid, target.started + 1)["code"] == "process-gone"
    target.stop()
    found = refusal(target.pid, target.started)
    assert found["code"] == "process-gone"
    assert found["hint"]


def test_a_zombie_is_said_to_have_ended(start) -> None:
    target = start("return")
    target.finish()
    while Path(f"/proc/{target.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.005)
    assert refusal(target.pid, target.started)["code"] == "zombie"


def test_who_traces_it_already_is_named(start, trace) -> None:
    target = start("return")
    first = trace(target)
    found = refusal(target.pid, target.started)
    assert found["code"] == "traced"
    assert f"process {first.tracer}" in found["message"]
    assert first.kinds() == ["tracing"]


@pytest.mark.parametrize("value", ["1", "0"])
def test_a_crash_dump_that_the_trace_keeps_the_runtime_from_is_told(start, trace, value: str) -> None:
    target = start("return", env={"DOTNET_DbgEnableMiniDump": value})
    assert trace(target).until("tracing")["blocks_crash_dump"] == (value == "1")


def test_octotui_does_not_trace_itself() -> None:
    assert refusal(os.getpid(), refusing.start_ticks(os.getpid()))["code"] == "own"


@needs_root
def test_a_kernel_thread_is_refused() -> None:
    assert refusal(2, refusing.start_ticks(2))["code"] == "kernel-thread"


@pytest.fixture
def as_nobody(program: Path) -> Callable[..., str]:
    """`as_nobody(pid, started, directory)`: the outcome of a trace by a user without rights."""
    home, here = program.parent, Path(__file__).resolve()
    subprocess.run(
        ["cp", "-rL", str(here.parents[3] / "octotui"), str(here.parents[2] / "exit_sentry.py"), home], check=True
    )
    subprocess.run(["chmod", "-R", "a+rX", home], check=True)
    code = (
        "import sys, os; sys.path.insert(0, sys.argv[1])\n"
        "from exit_sentry import Traced; from pathlib import Path\n"
        "with Traced(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4], 'core')) as t:\n"
        "    t.until('tracing', 'untraceable'); print(t.news, flush=True); sys.stdin.read()\n"
        "    'tracing' in t.kinds() and print(t.outcome())"
    )

    def run(target: Ending, directory: Path) -> str:
        command = ["/usr/bin/python3", "-c", code, home, str(target.pid), str(target.started), directory]
        with subprocess.Popen(
            command, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            said = process.stdout.readline()
            target.finish()
            return said + process.communicate()[0]

    return run


no_python = pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python that every user may run")


@needs_root
@no_python
def test_another_users_process_is_refused_to_a_user_with_the_way_out(start, as_nobody, tmp_path: Path) -> None:
    said = as_nobody(start("return"), tmp_path)
    assert "'code': 'denied'" in said
    assert "sudo" in said


@needs_root
@no_python
def test_a_user_traces_what_is_his(start, as_nobody, open_directory: Path) -> None:
    target = start("threads", 2, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
    said = as_nobody(target, open_directory)
    assert "'news': 'written'" in said
    assert target.wait() == 4
    facts = verify(open_directory / "core")
    assert (facts.pid, len(facts.threads)) == (target.pid, 3)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="oct-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


def test_another_processor_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.platform, "machine", lambda: "aarch64")
    assert machine.this_machine() is None
    with pytest.raises(Refused, match="x86-64 only"):
        refusing.check(os.getpid(), 0, machine.this_machine())


def test_an_order_that_makes_no_sense_is_answered() -> None:
    with Traced(1, "never", Path("/nowhere")) as traced:  # type: ignore[arg-type]
        assert traced.until("untraceable")["code"] == "order"
