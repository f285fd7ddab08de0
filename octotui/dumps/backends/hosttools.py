"""The createdumps of this host that nobody but root can change: they can stand in for one that somebody else could."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from octotui.dotnet.access import Identity, why_not_runnable
from octotui.dotnet.trust import first_untrusted
from octotui.dumps.backends.toolhelp import Whom, knows_single_file, whom

SHARED_ROOTS = ("/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet", "/usr/local/share/dotnet")
OCTOPUS = Path("/opt/octopus")
_SHARED = "shared/Microsoft.NETCore.App"
_LOADED = ("createdump", "libmscordaccore.so")
_MOST = 32


class HostTool(NamedTuple):
    """A createdump that takes a pid, can leave the target's libraries alone, and is root's alone."""

    path: str

    def why_not_for(self, who: Identity) -> str:
        """Why `who` cannot run it, in words; "" when it can."""
        return why_not_runnable(self.path, who)


def host_tools(roots: Sequence[str] | None = None, octopus: Path = OCTOPUS) -> tuple[HostTool, ...]:
    """Newest versions first. `roots` are the places of shared runtimes, by default the usual ones and DOTNET_ROOT."""
    places = [os.environ.get("DOTNET_ROOT", ""), *SHARED_ROOTS] if roots is None else list(roots)
    found = dict.fromkeys(path for path in _candidates(places, octopus) if _is_fit(path))
    return tuple(HostTool(path) for path in found)


def _candidates(roots: Sequence[str], octopus: Path) -> Iterator[str]:
    versions: list[tuple[list[int], str]] = []
    for root in roots:
        directory = os.path.join(root, _SHARED)
        if root.startswith("/"):
            versions += [(_numbers(name), os.path.join(directory, name)) for name in _names(directory)]
    for _, directory in sorted(versions, reverse=True)[:_MOST]:
        yield os.path.join(directory, "createdump")
    # A self-contained Tentacle carries its runtime beside it.
    for name in sorted(_names(str(octopus)))[:_MOST]:
        yield str(octopus / name / "createdump")


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except (OSError, ValueError):
        return []


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,9}", version)[:6]]


def _is_fit(path: str) -> bool:
    directory, version = os.path.dirname(path), os.path.basename(os.path.dirname(path))
    if any(first_untrusted(os.path.join(directory, name)) for name in _LOADED):
        return False
    return whom(path, version) is Whom.THE_PID and knows_single_file(path)
