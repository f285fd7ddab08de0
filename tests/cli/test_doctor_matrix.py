"""The permission matrix of a capture, row by row: what the doctor says of each, and what lifts it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from doctor_world import DOCKER_DEFAULT, EVERY_CAPABILITY, PID, TOOL, USER, a_world, facts_of
from dotnet_targets import needs_root

from octotui.cli.doctor.check import Status
from octotui.cli.doctor.obstacles import RULES, obstacles
from octotui.demo.runtimes import find_runtime
from octotui.dotnet.model import CreatedumpTool, RuntimeFacts, RuntimeKind
from octotui.dumps import commands
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.backends.ipc import IpcBackend
from octotui.dumps.model import DumpType
from octotui.dumps.rights import Rights

ROOT = Rights(0, 0)
WITH_CAPABILITY = facts_of(uid=0)
WITHOUT_SOCKET = facts_of(socket=None)

YAMA = [
    (0, "direct, same uid", USER, False, True),
    (0, "direct, root", 0, False, True),
    (0, "socket, same uid", USER, True, True),
    (1, "direct, same uid", USER, False, False),
    (1, "direct, root", 0, False, True),
    (1, "socket, same uid", USER, True, True),
    (1, "socket, root", 0, True, True),
    (2, "direct, same uid", USER, False, False),
    (2, "direct, root", 0, False, True),
    (2, "socket, same uid", USER, True, False),
    (2, "socket, root", 0, True, True),
    (3, "direct, same uid", USER, False, False),
    (3, "direct, root", 0, False, False),
    (3, "socket, same uid", USER, True, False),
    (3, "socket, root", 0, True, False),
]


@pytest.mark.parametrize(("scope", "way", "writer", "is_child", "is_allowed"), YAMA)
def test_yama_by_scope_and_way(scope: int, way: str, writer: int, is_child: bool, is_allowed: bool) -> None:
    words, hint = Rights(writer, writer, scope).why_not_trace(writer, is_child)
    assert (words == "", hint == "") == (is_allowed, is_allowed), way


@pytest.mark.parametrize(
    ("scope", "facts", "status", "fix"),
    [
        (0, WITHOUT_SOCKET, Status.OK, ""),
        (1, facts_of(), Status.OK, ""),
        (1, WITH_CAPABILITY, Status.OK, ""),
        (1, WITHOUT_SOCKET, Status.FAILURE, "sudo sysctl kernel.yama.ptrace_scope=0"),
        (1, facts_of(state="T"), Status.FAILURE, "sudo sysctl kernel.yama.ptrace_scope=0"),
        (2, facts_of(), Status.FAILURE, "sudo sysctl kernel.yama.ptrace_scope=1"),
        (2, WITH_CAPABILITY, Status.OK, ""),
        (3, WITH_CAPABILITY, Status.FAILURE, "reboot with kernel.yama.ptrace_scope below 3"),
    ],
)
def test_yama_for_one_process(tmp_path: Path, scope: int, facts: RuntimeFacts, status: Status, fix: str) -> None:
    check = a_world(tmp_path).ask(facts, "yama", scope=scope)
    assert (check.status, check.fix) == (status, fix)


def test_each_rule_has_a_line_with_a_code_and_nothing_to_mend_where_all_is_well(tmp_path: Path) -> None:
    found = list(obstacles(facts_of(), ROOT, a_world(tmp_path).roots))
    assert [check.code for check in found] == [
        "other-user",
        "state",
        "traced",
        "not-dumpable",
        "yama",
        "selinux",
        "apparmor",
        "user-namespace",
        "capability",
        "seccomp",
    ]
    assert len(found) == len(RULES)
    if found[3].status is Status.OK:  # Its owner is made by root.
        assert [(check.status, check.fix) for check in found] == [(Status.OK, "")] * len(RULES)


def test_another_user_is_told_the_line_with_sudo_and_the_full_path(tmp_path: Path) -> None:
    check = a_world(tmp_path, octotui_uid=65534).ask(facts_of(), "other-user", uid=65534)
    assert (check.status, check.fix) == (Status.FAILURE, commands.as_root("dump", str(PID)))
    assert check.is_command
    assert check.fix.split()[1].startswith("/")


@pytest.mark.parametrize(
    ("tracer_uid", "octotui_uid", "fix"),
    [(USER, USER, "kill 77"), (USER, 0, "sudo kill 77"), (0, USER, "sudo kill 77"), (0, 0, "kill 77")],
)
def test_another_tracer_is_ended_with_sudo_where_it_is_anothers(
    tmp_path: Path, tracer_uid: int, octotui_uid: int, fix: str
) -> None:
    world = a_world(tmp_path, octotui_uid=octotui_uid)
    world.process(77, tracer_uid)
    check = world.ask(facts_of(tracer_pid=77, tracer_name="gdb"), "traced", uid=octotui_uid)
    assert (check.status, check.fix, check.is_command) == (Status.FAILURE, fix, True)


def test_a_tracer_that_is_another_capture_is_waited_for_and_not_ended(tmp_path: Path) -> None:
    check = a_world(tmp_path).ask(facts_of(tracer_pid=77, tracer_name="createdump"), "traced")
    assert (check.status, check.is_command) == (Status.FAILURE, False)
    assert "kill" not in check.fix


@needs_root
def test_a_process_that_is_not_dumpable_is_known_by_the_owner_of_its_files(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.process(PID, 0)
    check = world.ask(facts_of(), "not-dumpable")
    assert (check.status, check.is_command, "setuid" in check.detail) == (Status.FAILURE, False, True)


@needs_root
@pytest.mark.parametrize("name", ["plain", "it's; reboot", "two\nlines", "\x1b[2J"])
def test_an_unreadable_program_in_a_place_of_others_is_in_no_line_with_sudo(tmp_path: Path, name: str) -> None:
    world = a_world(tmp_path)
    world.process(PID, 0)
    program = tmp_path / name
    program.touch(0o711)
    tmp_path.chmod(0o777)
    (tmp_path / f"proc/{PID}/exe").symlink_to(program)
    check = world.ask(facts_of(), "not-dumpable")
    assert (check.is_command, "sudo" in check.fix) == (False, False)


@pytest.mark.parametrize(
    ("enforce", "deny", "status"),
    [("1", "1 1", Status.FAILURE), ("1", "0 0", Status.OK), ("0", "1 1", Status.OK), ("", "", Status.OK)],
)
def test_selinux_deny_ptrace(tmp_path: Path, enforce: str, deny: str, status: Status) -> None:
    world = a_world(tmp_path)
    world.write(sys__fs__selinux__enforce=enforce, sys__fs__selinux__booleans__deny_ptrace=deny)
    check = world.ask(facts_of(), "selinux")
    assert (check.status, check.fix) == (status, "sudo setsebool deny_ptrace off" if status is Status.FAILURE else "")


@pytest.mark.parametrize(
    ("theirs", "ours", "status", "fix"),
    [
        ("/usr/bin/app (enforce)", "unconfined", Status.WARNING, "sudo aa-complain /usr/bin/app"),
        ("/usr/bin/app (complain)", "", Status.OK, ""),
        ("docker-default (enforce)", "docker-default (enforce)", Status.OK, ""),
        ("docker-default (enforce)", "", Status.WARNING, "start the container with --security-opt apparmor=unconfined"),
        ("", "/opt/octotui (enforce)", Status.WARNING, "sudo aa-complain /opt/octotui"),
        ("/x;reboot (enforce)", "", Status.WARNING, "add to the profile /x;reboot: ptrace (trace, tracedby),"),
    ],
)
def test_apparmor_profiles(tmp_path: Path, theirs: str, ours: str, status: Status, fix: str) -> None:
    world = a_world(tmp_path)
    world.file(f"proc/{PID}/attr/current", theirs)
    world.file("proc/self/attr/current", ours)
    check = world.ask(facts_of(), "apparmor")
    assert (check.status, check.fix) == (status, fix)
    assert check.is_command == fix.startswith("sudo")


@pytest.mark.parametrize(
    ("mode", "kernel", "status"),
    [("0", "6.1", Status.OK), ("2", "6.1", Status.OK), ("2", "4.4", Status.FAILURE), ("1", "6.1", Status.FAILURE)],
)
def test_seccomp_of_the_target(tmp_path: Path, mode: str, kernel: str, status: Status) -> None:
    world = a_world(tmp_path)
    world.process(PID, USER, seccomp=mode)
    world.file("proc/sys/kernel/osrelease", kernel)
    check = world.ask(facts_of(), "seccomp")
    assert (check.status, bool(check.fix)) == (status, status is not Status.OK)


@pytest.mark.parametrize(
    ("uid_map", "capabilities", "status"),
    [
        ("0 0 4294967295", EVERY_CAPABILITY, Status.OK),
        ("0 0 4294967295", "0", Status.FAILURE),
        ("0 100000 65536", EVERY_CAPABILITY, Status.FAILURE),
    ],
)
def test_a_target_in_another_user_namespace(tmp_path: Path, uid_map: str, capabilities: str, status: Status) -> None:
    world = a_world(tmp_path)
    world.process("self", 0, capabilities)
    world.process(PID, USER, user="2")
    world.file("proc/self/uid_map", uid_map)
    assert world.ask(facts_of(), "user-namespace").status is status


def test_a_container_without_the_capability_is_entered_anew_with_all_of_them(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.process("self", 0, DOCKER_DEFAULT)
    world.file("proc/sys/kernel/hostname", "0123456789ab\n")
    check = world.ask(facts_of(), "capability")
    assert check.status is Status.FAILURE
    assert check.fix == f"docker exec --privileged 0123456789ab {commands.octotui('dump', str(PID))}"
    world.process(PID, 0, DOCKER_DEFAULT)
    assert world.ask(facts_of(uid=0), "capability").status is Status.OK
    world.process(PID, 0, EVERY_CAPABILITY)
    assert world.ask(facts_of(uid=0), "capability").status is Status.FAILURE


@pytest.mark.parametrize(
    ("state", "status", "fix"),
    [
        ("S", Status.OK, ""),
        ("T", Status.WARNING, f"sudo kill -CONT {PID}"),
        ("D", Status.WARNING, "mend what it waits for, or wait; then capture it"),
        ("Z", Status.FAILURE, "capture the next one while it runs: octotui tree shows it"),
    ],
)
def test_the_state_of_the_target(tmp_path: Path, state: str, status: Status, fix: str) -> None:
    check = a_world(tmp_path).ask(facts_of(state=state), "state")
    assert (check.status, check.fix) == (status, fix)


LOST = facts_of(version="11.0.0")
UNTRUSTED = facts_of(uid=0, createdump=CreatedumpTool("/srv/createdump", "/srv/createdump", True, untrusted="/srv"))


@pytest.mark.parametrize(
    ("facts", "type", "ipc", "direct"),
    [
        (facts_of(), DumpType.HEAP, True, True),
        (
            facts_of(socket=None, socket_problem="switched off by COMPlus_EnableDiagnostics=0"),
            DumpType.HEAP,
            False,
            True,
        ),
        (facts_of(createdump=None), DumpType.HEAP, False, False),
        (facts_of(createdump=CreatedumpTool("/d/c", "/d/c", False, "not executable")), DumpType.HEAP, False, False),
        (UNTRUSTED, DumpType.HEAP, True, False),
        (LOST, DumpType.HEAP, True, False),
        (facts_of(state="T"), DumpType.HEAP, False, True),
        (facts_of(same_mounts=False), DumpType.HEAP, True, False),
        (facts_of(kind=RuntimeKind.SINGLE_FILE, createdump=None), DumpType.HEAP, False, False),
        (facts_of(kind=RuntimeKind.SINGLE_FILE, createdump=None), DumpType.FULL, True, False),
    ],
)
def test_the_backends_of_the_target(facts: RuntimeFacts, type: DumpType, ipc: bool, direct: bool) -> None:
    tool = find_runtime("8.0").createdump
    if facts.createdump == TOOL:
        facts = replace(facts, createdump=replace(TOOL, path=str(tool), reachable=str(tool)))
    found = [backend.probe(facts, type) for backend in (IpcBackend(ROOT), CreatedumpBackend(ROOT))]
    assert [one.ok for one in found] == [ipc, direct]
    assert all(one.reason for one in found)
