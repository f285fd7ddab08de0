"""Where octotui runs: on the host, in a container, in a namespace of its own. Roots are parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from octotui.cli.doctor.check import Check, ok, warning

_CGROUP_MARKS = re.compile(r"kubepods|docker|containerd|crio|libpod|lxc", re.IGNORECASE)
_KINDS = {"kubepods": "Kubernetes", "docker": "Docker", "containerd": "containerd", "crio": "CRI-O", "libpod": "Podman"}
_INIT_NAMES = ("systemd", "init", "runit", "openrc-init", "s6-svscan")


def container(root: Path = Path("/"), environment: Mapping[str, str] | None = None) -> Check:
    """Whether octotui sees the host or only the processes of one container."""
    kind = _kind(root, environment or {})
    if not kind:
        return ok("container", "none: the processes of the host are seen")
    if _read(root / "proc/1/comm") in _INIT_NAMES:
        return ok("container", f"{kind}, with the process namespace of a host or a full system")
    return warning(
        "container",
        f"{kind}: only the processes of this container are seen",
        _SHARE.get(kind, "docker run --pid=host --cap-add=SYS_PTRACE ..."),
    )


_SHARE = {
    "Kubernetes": "run it in the container of the target: kubectl exec -it POD -c CONTAINER -- octotui",
    "Podman": "podman run --pid=host --cap-add=SYS_PTRACE ...",
}


def _kind(root: Path, environment: Mapping[str, str]) -> str:
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return "Kubernetes"
    if (root / ".dockerenv").exists():
        return "Docker"
    if (root / "run/.containerenv").exists():
        return "Podman"
    found = _CGROUP_MARKS.search(_read(root / "proc/self/cgroup"))
    if found:
        return _KINDS.get(found[0].lower(), found[0].lower())
    return environment.get("container", "")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
