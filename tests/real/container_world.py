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

CHECKOUT = str(Path(__file__).resolve().parents[2])

PRIVATE_TMP = f"""
mount --rbind /tmp /mnt; mount -t tmpfs -o mode=1777 none /tmp
for kept in "$HOME" '{CHECKOUT}'; do
  case "$kept" in /tmp/*) mkdir -p "$kept"; mount --rbind "/mnt/${{kept#/tmp/}}" "$kept" ;; esac
done
umount --lazy /mnt
"""
"""As PrivateTmp= does it, for /tmp itself; the stand-in's home stays, and the runtime where it lies in /tmp too."""

OWN_ROOT = """
root="$HOME/root"; mkdir "$root"; mount -t tmpfs -o mode=755 none "$root"
for name in bin lib lib64 sbin; do cp -P /$name "$root/"; done
for name in usr etc dev proc; do mkdir -p "$root/$name"; mount --rbind /$name "$root/$name"; done
mkdir -p "$root/{place}"; mount --rbind '{checkout}' "$root/{place}"
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
    # A checkout in /tmp is found again where this root has its temporary files.
    place = temporary + CHECKOUT.removeprefix("/tmp") if CHECKOUT.startswith("/tmp/") else CHECKOUT.lstrip("/")
    return OWN_ROOT.format(checkout=CHECKOUT, place=place, more=more, temporary=temporary)
