"""Where a control group places a process: its systemd unit, and the container it runs in."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ID = r"[0-9a-f]{64}"
_SCOPE = re.compile(rf"(?:/|^)(docker|libpod|cri-containerd|crio|nerdctl|containerd)-({_ID})\.scope(?=/|$)")
_PLAIN = re.compile(rf"(?:/|^)(docker|libpod|containerd|nerdctl|default|k8s\.io|moby)/({_ID})(?=/|$)")
_COLON = re.compile(rf"(?:/|^)[^/]{{0,200}}:(docker|cri-containerd|containerd|crio):({_ID})(?=/|$)")
_POD_CHILD = re.compile(rf"(?:/|^)kubepods[^/]*(?:/[^/]+)*?/pod[^/]+/({_ID})(?=/|$)")
_POD = re.compile(r"(?:/|^)kubepods[^/]*(?:/[^/]+)*?/(?:kubepods-(?:[a-z]+-)?)?pod([0-9a-f]{8}[0-9a-f_-]{24,28})")
_LXC = re.compile(r"(?:/|^)(?:lxc\.payload|lxc)[./]([A-Za-z0-9][A-Za-z0-9_.-]{0,62})(?=/|$)")
_NSPAWN = re.compile(r"(?:/|^)machine\.slice/(?:machine-|systemd-nspawn@)([^/]{1,120}?)\.(?:scope|service)(?=/|$)")
_UNIT = re.compile(r"(?:/|^)([^/]{1,250}\.(?:service|scope|socket|mount|swap))(?=/|$)")
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")

_ENGINES = {
    "docker": "docker",
    "moby": "docker",
    "libpod": "podman",
    "cri-containerd": "containerd",
    "containerd": "containerd",
    "nerdctl": "containerd",
    "default": "containerd",
    "k8s.io": "containerd",
    "crio": "cri-o",
}
_SHOWN_ID = 12


@dataclass(frozen=True, slots=True)
class Placement:
    """What a path says, each "" where it says nothing.

    `unit` is the innermost systemd unit outside of the container (`Tentacle.service`); `engine` is docker, podman,
    containerd, cri-o, lxc or nspawn; `container` the first twelve digits of its id, or the name where it has one;
    `pod` the uid of the Kubernetes pod.
    """

    unit: str = ""
    engine: str = ""
    container: str = ""
    pod: str = ""

    @property
    def is_contained(self) -> bool:
        return bool(self.container or self.pod)


def placement(cgroup: str) -> Placement:
    """Reads the path of a control group. A process can choose names of groups below its own, so the outermost
    container counts: what stands inside of it is the container's to name.
    """
    path = cgroup[:4096]
    engine, container, start = _container(path)
    pod = _POD.search(path)
    if pod is not None:
        start = min(start, pod.start())
    units = _UNIT.findall(path[:start])
    return Placement(
        _unescaped(units[-1]) if units else "",
        engine,
        container,
        pod[1].replace("_", "-") if pod else "",
    )


def _container(path: str) -> tuple[str, str, int]:
    """Engine, id or name, and where in `path` that begins: its end where there is no container."""
    found: list[tuple[int, str, str]] = []
    for pattern in (_SCOPE, _PLAIN, _COLON):
        if match := pattern.search(path):
            found.append((match.start(), _ENGINES[match[1]], match[2][:_SHOWN_ID]))
    if match := _POD_CHILD.search(path):
        found.append((match.start(1), "", match[1][:_SHOWN_ID]))
    if match := _LXC.search(path):
        found.append((match.start(), "lxc", match[1]))
    if match := _NSPAWN.search(path):
        found.append((match.start(), "nspawn", _unescaped(match[1])))
    if not found:
        return "", "", len(path)
    start, engine, name = min(found)
    return engine, name, start


def _unescaped(unit: str) -> str:
    r"""A unit as systemd shows it: `\x2d` is a dash. Other escapes stay as they are written."""
    return _ESCAPE.sub(lambda match: "-" if match[1] == "2d" else match[0], unit)
