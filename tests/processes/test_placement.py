"""Units and containers by the path of a control group, as systemd, engines and Kubernetes write it."""

from __future__ import annotations

import pytest

from octotui.processes.placement import Placement, placement

ID = "4f2a" * 16
SHORT = ID[:12]
POD = "0a1b2c3d-1111-2222-3333-444455556666"
POD_UNIT = POD.replace("-", "_")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", Placement()),
        ("/", Placement()),
        ("/system.slice/Tentacle.service", Placement("Tentacle.service")),
        ("/system.slice/OctopusDeploy-Tentacle.service/worker", Placement("OctopusDeploy-Tentacle.service")),
        (r"/system.slice/web\x2dblue.service", Placement("web-blue.service")),
        ("/user.slice/user-1000.slice/session-3.scope", Placement("session-3.scope")),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", Placement("x.service")),
        (f"/docker/{ID}", Placement("", "docker", SHORT)),
        (f"/system.slice/docker-{ID}.scope", Placement("", "docker", SHORT)),
        (f"/system.slice/docker.service/docker/{ID}", Placement("docker.service", "docker", SHORT)),
        (f"/machine.slice/libpod-{ID}.scope/container", Placement("", "podman", SHORT)),
        (
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
            Placement("user@1000.service", "podman", SHORT),
        ),
        (f"/default/{ID}", Placement("", "containerd", SHORT)),
        (f"/kubepods/burstable/pod{POD}/{ID}", Placement("", "", SHORT, POD)),
        (
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_UNIT}.slice/cri-containerd-{ID}.scope",
            Placement("", "containerd", SHORT, POD),
        ),
        (
            f"/kubepods.slice/kubepods-pod{POD_UNIT}.slice/crio-{ID}.scope",
            Placement("", "cri-o", SHORT, POD),
        ),
        (
            f"/system.slice/containerd.service/kubepods-besteffort-pod{POD_UNIT}.slice:cri-containerd:{ID}",
            Placement("containerd.service", "containerd", SHORT),
        ),
        ("/lxc/web-07", Placement("", "lxc", "web-07")),
        ("/lxc.payload.web-07/system.slice/Tentacle.service", Placement("", "lxc", "web-07")),
        (r"/machine.slice/machine-web\x2d07.scope", Placement("", "nspawn", "web-07")),
        ("/machine.slice/systemd-nspawn@web.service/payload", Placement("", "nspawn", "web")),
    ],
)
def test_a_path_says_unit_and_container(path: str, expected: Placement) -> None:
    assert placement(path) == expected
    assert expected.is_contained is bool(expected.container or expected.pod)


def test_an_inner_path_cannot_pass_for_another_container() -> None:
    other = "beef" * 16
    assert placement(f"/docker/{ID}/docker/{other}").container == SHORT
    assert placement(f"/system.slice/docker-{ID}.scope/kubepods/pod{POD}/{other}").container == SHORT


@pytest.mark.parametrize("path", ["/docker/short", f"/docker/{ID}0", "/lxc/", "/kubepods", f"/{ID}", "/a.service.d/x"])
def test_what_only_looks_alike_is_no_container_and_no_unit(path: str) -> None:
    assert placement(path) == Placement()


def test_a_very_long_path_is_read_in_no_time_and_says_nothing() -> None:
    assert placement("/kubepods" + "/a" * 100_000) == Placement()
    assert placement("/" + "kubepods/" * 50_000) == Placement()
