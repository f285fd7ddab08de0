"""Containers of the tests: real .NET in namespaces and roots of its own, all of it gone with its process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dotnet_targets import DotnetTarget, StartTarget

from octotui.demo.standin import start_ticks
from octotui.dotnet import runtime
from octotui.dotnet.model import RuntimeFacts
from octotui.processes.model import ProcessKey

SUBORDINATE = 100_000
"""A uid that no user of the host has: where container runtimes map the users of a container to."""

MOUNTS = ("unshare", "--mount", "--propagation", "private")
ALL = ("unshare", "--user", "--map-root-user", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc")

PRIVATE_TMPDIR = 'mount -t tmpfs -o mode=700 none "$TMPDIR"'
"""As PrivateTmp= does it, for the target's TMPDIR."""

PRIVATE_TMP = """
mount --rbind "$HOME" /mnt; mount -t tmpfs -o mode=1777 none /tmp; mkdir "$HOME"; mount --rbind /mnt "$HOME"
"""
"""As PrivateTmp= does it, for /tmp itself; the home of the stand-in lies in it and stays."""

OWN_ROOT = """
root="$HOME/root"; mkdir "$root"; mount -t tmpfs -o mode=755 none "$root"
for name in bin lib lib64 sbin; do cp -P /$name "$root/"; done
for name in usr etc dev proc {venv}; do mkdir -p "$root/$name"; mount --rbind /$name "$root/$name"; done
home="$root/{temporary}/${{HOME##*/}}"; mkdir -p "$home"; mount --bind "$HOME" "$home"
chmod 1777 "$root/{temporary}"
{more}
cd /
exec chroot "$root" "$@"
"""
"""A root of its own, with a system and a runtime in it; `more` furnishes it."""


@dataclass(frozen=True, slots=True)
class Contained:
    """A .NET process in a container, as the host sees it."""

    key: ProcessKey
    outer: DotnetTarget

    @property
    def pid(self) -> int:
        return self.key.pid

    @property
    def facts(self) -> RuntimeFacts:
        return runtime.inspect(self.key)

    def inside(self, path: str) -> Path:
        """A path of the container as the host reaches it."""
        return Path(f"/proc/{self.pid}/root{path}")


def contained(
    start_target: StartTarget, unshare: tuple[str, ...], script: str, uid: int | None = None, **env: str
) -> Contained:
    """Starts a stand-in in namespaces of its own, prepared by a shell script."""
    outer = start_target(prefix=[*unshare, "sh", "-ec", f'{script}\nexec "$@"', "sh"], uid=uid, env=env)
    pid = outer.pid
    while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pid = int(children[0])
    return Contained(ProcessKey(pid, start_ticks(pid)), outer)


def own_root(more: str = "true", temporary: str = "tmp") -> str:
    """The script of a container with a root of its own; the stand-in's home lies in its directory `temporary`."""
    checkout = str(Path(__file__).resolve().parents[2]).lstrip("/")
    return OWN_ROOT.format(venv=checkout, more=more, temporary=temporary)
