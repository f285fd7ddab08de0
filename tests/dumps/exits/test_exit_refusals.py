"""What cannot be traced is named, with who stands in the way and what to do."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, needs_root
from exit_sentry import Traced

from octotui.dumps.exits import machine, refusing
from octotui.errors import Refused


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


def test_octotui_does_not_trace_itself() -> None:
    assert refusal(os.getpid(), refusing.start_ticks(os.getpid()))["code"] == "own"


@needs_root
def test_a_kernel_thread_is_refused() -> None:
    assert refusal(2, refusing.start_ticks(2))["code"] == "kernel-thread"


@needs_root
def test_another_users_process_is_refused_to_a_user_with_the_way_out(start, program: Path) -> None:
    target = start("return")
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from exit_sentry import Traced; from pathlib import Path\n"
        "with Traced(int(sys.argv[1]), int(sys.argv[2]), Path('/tmp/x')) as t: print(t.until('untraceable', 'tracing'))"
    )
    here = Path(__file__).resolve()
    copied = program.parent / "package"
    subprocess.run(["cp", "-rL", str(here.parents[3] / "octotui"), str(here.parents[2] / "exit_sentry.py"),
                    f"{copied.parent}/"], check=True)  # fmt: skip
    subprocess.run(["chmod", "-R", "a+rX", str(copied.parent)], check=True)
    found = subprocess.run(
        ["/usr/bin/env", "python3", "-c", code, str(target.pid), str(target.started), str(copied.parent)],
        user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "Permission denied" in found.stderr:
        pytest.skip("this Python is root's alone")
    assert "'code': 'denied'" in found.stdout, found.stderr
    assert "sudo" in found.stdout


def test_another_processor_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.platform, "machine", lambda: "aarch64")
    assert machine.this_machine() is None
    with pytest.raises(Refused, match="x86-64 only"):
        refusing.check(os.getpid(), 0, machine.this_machine())


def test_an_order_that_makes_no_sense_is_answered() -> None:
    with Traced(1, "never", Path("/nowhere")) as traced:  # type: ignore[arg-type]
        assert traced.until("untraceable")["code"] == "order"
