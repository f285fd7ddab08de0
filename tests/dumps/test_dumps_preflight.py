"""What is said of a process that another tool traces, or that nobody may look into."""

from __future__ import annotations

import os
from pathlib import Path

from dump_doubles import facts_of

from octotui.dotnet.model import RuntimeKind
from octotui.dumps.model import Remark, Target
from octotui.dumps.plans.preflight import refusal_of
from octotui.dumps.rights import Rights
from octotui.processes.model import ProcessKey

KEY = ProcessKey(4242, 1)


def refusal(uid: int, **facts: object) -> Remark:
    found = refusal_of(facts_of(KEY, uid=uid, **facts), Target(KEY, "Calamari", uid=uid), Rights(uid, uid))
    assert found is not None
    return found


def test_a_tracer_that_is_a_capture_is_to_be_waited_for_and_never_ended() -> None:
    left_behind = refusal(1000, tracer_pid=7, tracer_name="createdump")
    assert "wait until it is over" in left_behind.hint
    assert "end that tracer" not in left_behind.hint
    assert refusal(1000, tracer_pid=7, tracer_name="gdb").hint == "end that tracer or wait for it: ps -fp 7"


def test_a_process_whose_files_the_kernel_gave_to_another_is_closed_and_doctor_knows_more(tmp_path: Path) -> None:
    (tmp_path / "4242").mkdir()
    (tmp_path / "4242/maps").touch()
    theirs = os.geteuid() + 1
    target = Target(KEY, "Calamari", uid=theirs)
    found = refusal_of(facts_of(KEY, uid=theirs), target, Rights(0, 0), tmp_path)
    assert found is not None
    assert found.code == "not-dumpable"
    assert found.hint.endswith("doctor 4242")
    ours = facts_of(KEY, uid=os.geteuid() or -1)
    assert refusal_of(ours, target, Rights(0, 0), tmp_path) is None


def test_root_that_may_not_look_into_a_process_is_told_what_it_lacks() -> None:
    assert "CAP_SYS_PTRACE" in refusal(0, kind=RuntimeKind.UNKNOWN).hint
    assert refusal(1000, kind=RuntimeKind.UNKNOWN).hint.startswith("sudo ")
