"""What a whole snapshot means: families, orphans, tasks and instances, and how little of it is worked out twice."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from octopus_world import (
    BOOTSTRAP,
    CALAMARI,
    CALAMARI_PATH,
    GUID,
    KEY_HEX,
    SCRIPT,
    SSHD,
    SYSTEMD,
    TENTACLE,
    TICKET,
    TICKET_V2,
    TREE,
    StandInFiles,
    interpreter,
    meanings,
    process,
    snapshot,
)

from octotui.octopus.instances import RegisteredInstance
from octotui.octopus.meaning import OctopusInterpreter
from octotui.octopus.roles import LABELS, Role, classify
from octotui.octopus.workfiles import HostWorkFiles, NoWorkFiles
from octotui.processes.model import ProcessInfo, ProcessKey

WORK_V2 = f"/etc/octopus/Work/{TICKET_V2}"
BOOTSTRAP_V2 = process(110, ["/bin/bash", f"{WORK_V2}/Bootstrap.sh"], parent=100, executable="/usr/bin/bash")
MUTEX_LINE = b'["stdout","Acquiring isolation mutex X with NoIsolation in ServerTasks-42","2026"]'


def test_a_task_and_an_instance_reach_every_descendant_though_it_changes_directory() -> None:
    command = process(140, ["make", "-C", "/src"], parent=130, cwd="/src")
    found = meanings(*TREE, command)
    assert {found[pid].task for pid in (110, 120, 130, 140)} == {"ServerTasks-826567"}
    assert {found[pid].instance for pid in (100, 110, 120, 130, 140)} == {"Tentacle"}
    assert {found[pid].work_directory for pid in (110, 120, 130, 140)} == {f"/etc/octopus/Work/{TICKET}"}
    assert (found[100].task, found[100].work_directory) == ("", "")
    assert found[140].role == "user-command"


def test_two_tentacles_on_a_host_keep_their_trees_apart() -> None:
    other = process(200, ["/usr/bin/Tentacle", "run", "--instance=web-blue"])
    shell = process(210, ["bash", "/srv/blue/Work/20260821060923-5-1/Bootstrap.sh"], parent=200)
    found = meanings(*TREE, other, shell)
    assert (found[110].instance, found[110].task) == ("Tentacle", "ServerTasks-826567")
    assert (found[210].instance, found[210].task) == ("web-blue", "ServerTasks-5")


def test_a_tool_without_a_calamari_above_it_is_not_octopus() -> None:
    found = meanings(SYSTEMD, process(50, ["terraform", "apply"]), process(51, ["docker", "run", "x"]))
    assert {meaning.role for meaning in found.values()} == {""}


def test_a_tool_started_by_a_script_is_a_tool() -> None:
    assert meanings(*TREE, process(140, ["kubectl", "get", "pods"], parent=130))[140].role == "tool"


def test_a_container_client_below_a_bootstrap_is_a_container_and_below_a_script_a_tool() -> None:
    found = meanings(
        *TREE, process(140, ["docker", "run", "x"], parent=110), process(141, ["docker", "run", "x"], parent=130)
    )
    assert (found[140].role, found[141].role) == ("exec-container", "tool")


@pytest.mark.parametrize("name", ["systemd", "init", "tini"])
def test_a_calamari_adopted_by_init_or_a_subreaper_is_an_orphan(name: str) -> None:
    reaper = process(2, [f"/sbin/{name}"], executable=f"/sbin/{name}")
    found = meanings(SYSTEMD, reaper, replace(CALAMARI, parent_pid=2), SCRIPT)
    assert found[120].is_orphan
    assert not found[130].is_orphan
    assert found[130].role == "user-script"


def test_a_calamari_adopted_by_a_tentacle_that_is_the_first_process_of_its_container_is_an_orphan() -> None:
    first = process(1, ["tentacle", "agent", "--instance", "Tentacle"], parent=0, started=0)
    found = meanings(first, replace(BOOTSTRAP, parent_pid=1), replace(CALAMARI, parent_pid=1))
    assert found[120].is_orphan
    assert not found[110].is_orphan
    assert found[120].instance == "Tentacle"


def test_a_calamari_in_an_execution_container_is_no_orphan() -> None:
    first = process(1, ["bash", f"/w/Work/{TICKET}/Bootstrap.sh"], parent=0, executable="/usr/bin/bash", started=0)
    assert not meanings(first, replace(CALAMARI, parent_pid=1))[120].is_orphan
    assert not meanings(replace(CALAMARI, parent_pid=0))[120].is_orphan


def test_a_command_that_lost_its_parent_is_known_by_the_control_group_of_its_tentacle() -> None:
    stray = process(140, ["sleep", "300"], parent=1, cwd="/", cgroup="/system.slice/Tentacle.service")
    stranger = process(141, ["sleep", "300"], parent=1, cwd="/", cgroup="/system.slice/cron.service")
    found = meanings(*TREE, stray, stranger)
    assert (found[140].role, found[140].is_orphan, found[140].instance) == ("user-command", True, "Tentacle")
    assert found[141].role == ""


def test_a_supervisor_above_a_tentacle_and_its_other_children_are_not_octopus() -> None:
    group = "/system.slice/supervisor.service"
    supervisor = process(50, ["supervisord"], cgroup=group)
    tentacle = replace(TENTACLE, parent_pid=50, cgroup=group)
    found = meanings(SYSTEMD, supervisor, tentacle, process(101, ["nginx"], parent=50, cgroup=group))
    assert (found[50].role, found[101].role) == ("", "")


def test_a_pid_that_was_reused_is_nobodys_parent() -> None:
    young = process(110, ["nginx"], started=900)
    assert meanings(SYSTEMD, young, process(120, ["sleep", "1"], parent=110, started=500))[120].role == ""
    tentacle = replace(TENTACLE, key=ProcessKey(100, 900))
    assert meanings(SYSTEMD, tentacle, process(120, ["sleep", "1"], parent=100, started=500))[120].role == ""


def test_processes_that_claim_to_be_each_others_parents_are_read_once_each() -> None:
    ring = [process(pid, ["bash", f"Bootstrap.{GUID}.Script.sh", KEY_HEX], parent=pid % 3 + 50, started=5)
            for pid in (50, 51, 52)]  # fmt: skip
    assert {meaning.role for meaning in meanings(*ring, own_pid=51).values()} == {"user-script"}


def test_a_chain_of_ten_thousand_processes_is_followed() -> None:
    chain = [process(pid, ["sleep", "1"], parent=pid - 1) for pid in range(131, 10_131)]
    assert meanings(*TREE, *reversed(chain))[10_130].role == "user-command"


def test_the_task_of_a_ticket_without_one_comes_from_its_log() -> None:
    files = StandInFiles({WORK_V2: MUTEX_LINE})
    found = meanings(SYSTEMD, TENTACLE, BOOTSTRAP_V2, CALAMARI, files=files)
    assert (found[110].task, found[120].task) == ("ServerTasks-42", "ServerTasks-42")
    assert files.log_reads == [WORK_V2]


def test_a_log_without_a_task_is_read_again_some_seconds_later_and_given_up_in_the_end() -> None:
    files = StandInFiles()
    interpret = interpreter(files)
    processes = (SYSTEMD, TENTACLE, BOOTSTRAP_V2)
    for second in range(600):
        interpret(snapshot(*processes, monotonic=float(second)))
    assert 30 <= len(files.log_reads) <= 45
    assert interpret(snapshot(*processes, monotonic=601.0))[BOOTSTRAP_V2.key].role == "task-bootstrap"


def test_a_log_that_names_its_task_late_is_believed() -> None:
    files = StandInFiles()
    interpret = interpreter(files)
    processes = (SYSTEMD, TENTACLE, BOOTSTRAP_V2)
    assert interpret(snapshot(*processes, monotonic=0.0))[BOOTSTRAP_V2.key].task == ""
    files.logs[WORK_V2] = MUTEX_LINE
    assert interpret(snapshot(*processes, monotonic=1.0))[BOOTSTRAP_V2.key].task == ""
    assert interpret(snapshot(*processes, monotonic=4.0))[BOOTSTRAP_V2.key].task == "ServerTasks-42"


def test_a_task_that_one_process_of_a_work_directory_names_holds_for_all_and_outlives_it() -> None:
    interpret = interpreter()
    package = process(
        120, [CALAMARI_PATH, "register-package", "-taskId", "ServerTasks-9"], parent=110, executable=CALAMARI_PATH
    )
    found = interpret(snapshot(SYSTEMD, TENTACLE, BOOTSTRAP_V2, package))
    assert found[BOOTSTRAP_V2.key].task == "ServerTasks-9"
    found = interpret(snapshot(SYSTEMD, TENTACLE, BOOTSTRAP_V2))
    assert found[BOOTSTRAP_V2.key].task == "ServerTasks-9"


def test_an_orphan_finds_its_instance_by_the_home_its_calamari_lives_in() -> None:
    files = StandInFiles(registered=(
        RegisteredInstance("Web Blue", "/srv/blue/tentacle-web.config"),
        RegisteredInstance("Other", "/srv/tentacle.config"),
    ))  # fmt: skip
    path = "/srv/blue/Tools/Calamari.linux-x64/1.2.3/Calamari"
    found = meanings(SYSTEMD, process(120, [path, "run-script"], executable=path), files=files)
    assert (found[120].instance, found[120].version) == ("Web Blue", "1.2.3")


def test_a_config_path_is_named_as_the_registry_names_it() -> None:
    files = StandInFiles(registered=(RegisteredInstance("Nice Name", "/etc/octopus/a b/tentacle.config"),))
    tentacle = process(100, ["Tentacle", "run", "--config=/etc/octopus/a b/tentacle.config"])
    assert meanings(SYSTEMD, tentacle, files=files)[100].instance == "Nice Name"


def test_a_hand_written_unit_lends_its_instance_to_the_orphans_in_it() -> None:
    group = "/system.slice/octopus-web.service"
    tentacle = process(100, ["Tentacle", "run", "--instance", "web"], cgroup=group)
    orphan = process(99, [CALAMARI_PATH, "run-script"], executable=CALAMARI_PATH, cgroup=group)
    assert meanings(SYSTEMD, orphan, tentacle)[99].instance == "web"


def test_an_unchanged_snapshot_costs_no_second_interpretation() -> None:
    files = StandInFiles()
    interpret = interpreter(files)
    first = interpret(snapshot(*TREE, monotonic=1.0))
    busier = [replace(p, cpu_seconds=5.0, rss_bytes=9) for p in TREE]
    assert interpret(snapshot(*busier, monotonic=2.0)) is first
    assert files.registry_reads == 1


def test_a_process_that_becomes_another_program_gets_another_role() -> None:
    interpret = interpreter()
    waiting = process(120, ["setsid", CALAMARI_PATH, "run-script"], parent=110, executable="/usr/bin/setsid")
    assert interpret(snapshot(*TREE[:4], waiting))[CALAMARI.key].role == "wrapper"
    assert interpret(snapshot(*TREE[:4], CALAMARI))[CALAMARI.key].role == "calamari"


def test_dotnet_is_asked_again_while_a_process_is_young_and_then_no_more() -> None:
    asked: list[int] = []

    def is_dotnet(process: ProcessInfo) -> bool | None:
        asked.append(process.pid)
        return process.pid == 120 and asked.count(120) > 1

    interpret = OctopusInterpreter(files=NoWorkFiles(), own_pid=0, is_dotnet=is_dotnet)
    young = replace(CALAMARI, started_seconds=3599.0)
    assert interpret(snapshot(*TREE[:4], young))[CALAMARI.key].dotnet is False
    assert interpret(snapshot(*TREE[:4], young))[CALAMARI.key].dotnet is True
    interpret(snapshot(*TREE[:4], young))
    assert (asked.count(120), asked.count(SSHD.pid)) == (2, 1)


def test_every_process_has_a_meaning_and_the_gone_are_forgotten() -> None:
    interpret = interpreter()
    assert set(interpret(snapshot(*TREE))) == {p.key for p in TREE}
    assert set(interpret(snapshot(SYSTEMD))) == {SYSTEMD.key}
    assert interpret(snapshot()) == {}


@pytest.mark.parametrize(
    "argv",
    [
        [], [""], [" "], ["", ""], ["\udcff\udc80"], ["x" * 65_536], ["\\"], ["/"], ["'"], ['"'], ["-"], ["bash"],
        ["bash", "-c"], ["bash", ""], ["dotnet"], ["dotnet", ".dll"], ["mono", ".exe"], ["node", "bootstrapper.js"],
        ["pwsh", "-Command"], ["setsid"], ["env", "A=b"], ["sshd:"], ["python3", "-m"], ["Tentacle"], [".exe"],
        ["Calamari", ""], ["/Work//Work/"], ["bash", "/Work/" + "a" * 500 + "/Bootstrap.sh"], ["x"] * 5000,
        ["Calamari." * 2000], ["busybox", "sh"], ["--instance"], ["Tentacle", "run", "--instance"],
        ["Tentacle", "run", "--config", "\\"], ["sudo"] * 50 + ["Calamari"], ["'Calamari' 'run-script"],
    ],
    ids=lambda argv: repr(argv)[:30],
)  # fmt: skip
def test_a_nasty_command_line_gives_a_meaning(argv: list[str]) -> None:
    for executable in ("", argv[0] if argv else "", "/usr/bin/bash", "/usr/bin/Calamari (deleted)"):
        odd = process(500, argv, executable=executable, cwd="relative/Work/x")
        assert classify(odd).role in Role
        assert meanings(*TREE, replace(odd, parent_pid=130))[500].role in set(Role)


def test_a_calamari_whose_file_was_replaced_or_whose_command_line_is_gone_is_still_one() -> None:
    deleted = process(120, ["Calamari", "run-script"], executable=f"{CALAMARI_PATH} (deleted)")
    assert classify(deleted).role is Role.CALAMARI
    assert meanings(SYSTEMD, deleted)[120].version == "2026.4.55"
    assert classify(process(120, [], name="Calamari.AzureA")).role is Role.CALAMARI
    assert classify(process(120, [], name="Tentacle")).role is Role.TENTACLE
    assert classify(process(120, [], name="Calamari", is_kernel=True)).role is Role.NONE


def test_every_role_has_a_label_that_fits() -> None:
    assert set(LABELS) == set(Role)
    assert all(len(label) <= 9 for label in LABELS.values())


def test_the_files_of_this_host_tell_task_and_instance(tmp_path: Path) -> None:
    registry = tmp_path / "etc/octopus/Tentacle/Instances"
    registry.mkdir(parents=True)
    (registry / "web.config").write_text('{"Name": "web", "ConfigurationFilePath": "/etc/octopus/tentacle.config"}')
    work = tmp_path / WORK_V2.removeprefix("/")
    work.mkdir(parents=True)
    (work / "Output.log").write_bytes(MUTEX_LINE)
    found = OctopusInterpreter(files=HostWorkFiles(tmp_path), own_pid=0, is_dotnet=lambda _: None)(
        snapshot(SYSTEMD, replace(BOOTSTRAP_V2, parent_pid=1))
    )
    assert (found[BOOTSTRAP_V2.key].task, found[BOOTSTRAP_V2.key].instance) == ("ServerTasks-42", "web")


def test_hostile_registry_entries_are_passed_over(tmp_path: Path) -> None:
    registry = tmp_path / "Instances"
    registry.mkdir()
    for index, content in enumerate(
        [
            b"",
            b"[",
            b"[" * 60_000,
            b"null",
            b"[]",
            b'{"Name": 1}',
            b'{"Name": ""}',
            b"\xff\xfe",
            b'{"Name": "a"',
            b"x" * 99_999,
        ]
    ):
        (registry / f"{index}.config").write_bytes(content)
    (registry / "good.config").write_text('\ufeff{"Name": " ok\\u001b[31m ", "ConfigurationFilePath": 5}', "utf-8")
    (registry / "link.config").symlink_to(registry / "good.config")
    os.mkfifo(registry / "pipe.config")
    (registry / "directory.config").mkdir()
    assert HostWorkFiles(registries=(registry, tmp_path / "absent")).instances() == (RegisteredInstance("ok␛[31m", ""),)


def test_a_log_that_is_a_link_a_pipe_or_a_directory_is_not_read(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(MUTEX_LINE)
    files = HostWorkFiles(tmp_path)
    for name, make in {
        "linked": lambda path: path.symlink_to(target),
        "piped": os.mkfifo,
        "foldered": Path.mkdir,
        "absent": lambda path: None,
    }.items():
        work = tmp_path / "Work" / name
        work.mkdir(parents=True)
        make(work / "Output.log")
        assert files.log_head(f"/Work/{name}") == b""
    assert files.log_head("/Work/../target") == b""
    assert files.log_head("relative") == b""
    assert files.log_head("/a\0b") == b""
