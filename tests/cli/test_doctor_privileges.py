"""The doctor's lines about what the kernel lets this user do, each from an injected /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

from octotui.cli.doctor.check import Check, Status
from octotui.cli.doctor.privileges import held_capabilities, privileges
from octotui.cli.doctor.roots import Roots
from octotui.cli.doctor.surroundings import container

ALL_CAPABILITIES = "000001ffffffffff"
TITLES = ["user", "capabilities", "Yama", "seccomp", "SELinux", "AppArmor", "user namespace"]
DOCKER_DEFAULT = "00000000a80425fb"


def make_proc(
    root: Path,
    *,
    uid: int = 0,
    capabilities: str = ALL_CAPABILITIES,
    scope: str | None = None,
    seccomp: str = "0",
    kernel: str = "6.1.0-18-amd64",
) -> Roots:
    proc = root / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "sys/kernel/yama").mkdir(parents=True)
    (proc / "self/status").write_text(
        f"Name:\toctotui\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nCapEff:\t{capabilities}\nSeccomp:\t{seccomp}\n"
    )
    (proc / "sys/kernel/osrelease").write_text(kernel + "\n")
    if scope is not None:
        (proc / "sys/kernel/yama/ptrace_scope").write_text(scope + "\n")
    return Roots(proc, root / "sys")


def line(proc: Roots, title: str) -> Check:
    return next(check for check in privileges(proc) if check.title == title)


def test_root_with_every_capability_is_told_that_all_can_be_captured(tmp_path: Path) -> None:
    checks = privileges(make_proc(tmp_path))
    assert {check.status for check in checks} == {Status.OK}
    assert [check.title for check in checks] == TITLES
    assert not any(check.fix for check in checks)


def test_an_ordinary_user_is_told_of_the_limit_and_of_sudo(tmp_path: Path) -> None:
    proc = make_proc(tmp_path, uid=65534, capabilities="0")
    assert line(proc, "user").status is Status.WARNING
    assert "only processes of this user" in line(proc, "user").detail
    assert "sudo" in line(proc, "user").fix
    assert "CAP_SYS_PTRACE" in line(proc, "capabilities").detail


def test_a_user_without_a_name_is_shown_by_number(tmp_path: Path) -> None:
    assert "uid 4100000" in line(make_proc(tmp_path, uid=4_100_000), "user").detail


def test_root_of_a_default_docker_container_is_told_to_add_the_capability(tmp_path: Path) -> None:
    proc = make_proc(tmp_path, capabilities=DOCKER_DEFAULT)
    assert held_capabilities(DOCKER_DEFAULT) == {"CAP_DAC_OVERRIDE", "CAP_KILL"}
    assert line(proc, "capabilities").status is Status.WARNING
    assert "cap-add=SYS_PTRACE" in line(proc, "capabilities").fix


@pytest.mark.parametrize("mask", ["", "zz", "-", "0x"])
def test_a_capability_mask_that_is_no_number_counts_as_none(mask: str) -> None:
    assert held_capabilities(mask) == frozenset()


@pytest.mark.parametrize(
    ("scope", "capabilities", "status", "words"),
    [
        (None, "0", Status.OK, "not built"),
        ("0", "0", Status.OK, "scope 0"),
        ("1", ALL_CAPABILITIES, Status.OK, "only on those of root"),
        ("1", "0", Status.WARNING, "every process through its socket"),
        ("2", ALL_CAPABILITIES, Status.WARNING, "only processes of root"),
        ("2", "0", Status.WARNING, "only processes of root"),
        ("3", ALL_CAPABILITIES, Status.FAILURE, "before a restart"),
        ("garbage", "0", Status.OK, "not built"),
    ],
)
def test_each_yama_scope_is_explained(
    tmp_path: Path, scope: str | None, capabilities: str, status: Status, words: str
) -> None:
    check = line(make_proc(tmp_path, capabilities=capabilities, scope=scope), "Yama")
    assert (check.status, words in check.detail) == (status, True)
    assert bool(check.fix) is (status is not Status.OK)


@pytest.mark.parametrize(
    ("mode", "kernel", "status"),
    [
        ("0", "6.1.0", Status.OK),
        ("2", "6.1.0", Status.OK),
        ("2", "4.4.0-generic", Status.WARNING),
        ("2", "unreadable", Status.OK),
        ("1", "6.1.0", Status.FAILURE),
    ],
)
def test_each_seccomp_mode_is_explained(tmp_path: Path, mode: str, kernel: str, status: Status) -> None:
    assert line(make_proc(tmp_path, seccomp=mode, kernel=kernel), "seccomp").status is status


def test_a_proc_that_cannot_be_read_gives_lines_and_no_error(tmp_path: Path) -> None:
    checks = privileges(Roots(tmp_path / "nothing", tmp_path / "nothing"))
    assert [check.title for check in checks] == TITLES
    assert checks[0].status is Status.WARNING


def test_a_host_without_marks_is_no_container(tmp_path: Path) -> None:
    assert container(tmp_path, {}).status is Status.OK


@pytest.mark.parametrize(
    ("mark", "text", "kind"),
    [
        (".dockerenv", "", "Docker"),
        ("run/.containerenv", "", "Podman"),
        ("proc/self/cgroup", "0::/kubepods.slice/pod1", "Kubernetes"),
        ("proc/self/cgroup", "12:pids:/docker/0123", "Docker"),
        ("proc/self/cgroup", "0::/lxc/web", "lxc"),
    ],
)
def test_each_mark_of_a_container_is_known(tmp_path: Path, mark: str, text: str, kind: str) -> None:
    path = tmp_path / mark
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    check = container(tmp_path, {})
    assert check.status is Status.WARNING
    assert check.detail.startswith(kind)
    assert check.fix


def test_a_container_that_shares_the_hosts_processes_is_fine(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/comm").write_text("systemd\n")
    assert container(tmp_path, {}).status is Status.OK


def test_a_kubernetes_pod_is_told_to_run_inside_the_targets_container(tmp_path: Path) -> None:
    assert "kubectl exec" in container(tmp_path, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).fix
