"""What a program's name promises about .NET, for processes whose memory map cannot be read, and Calamari's version."""

from __future__ import annotations

import re
from collections.abc import Sequence

from octotui.octopus import commandline
from octotui.octopus.vocabulary import Role

_VERSION = re.compile(
    r"[\\/](?:Tools[\\/])?Calamari(?:\.[A-Za-z0-9_-]+)*[\\/](\d[A-Za-z0-9.+_-]{0,63})[\\/][^\\/]+$", re.IGNORECASE
)
_OCTOPUS_DOTNET = frozenset(
    {Role.TENTACLE, Role.TENTACLE_CLI, Role.OTHER_OCTOPUS, Role.CALAMARI, Role.SERVER, Role.SERVER_CLI}
)
_CALAMARI = frozenset({Role.CALAMARI, Role.CALAMARI_LEGACY, Role.WRAPPER})


def expected_dotnet(role: Role, program: str) -> bool | None:
    """Whether a process of a role is likely .NET by the base name of its program; None when the name says nothing.

    A Tentacle on Windows may run on .NET Framework, as Windows PowerShell does; Mono is not .NET for any dump tool.
    """
    folded = program.lower()
    if folded in ("powershell.exe", "powershell"):
        return None
    if folded == "tentacle.exe" and role is Role.TENTACLE:
        return None
    if role in _OCTOPUS_DOTNET or folded.removesuffix(".exe") in ("pwsh", "dotnet"):
        return True
    return False if role is not Role.NONE else None


def calamari_version(role: Role, executable: str, words: Sequence[str]) -> str:
    """The version in `Tools/Calamari[.<flavour>].<rid>/<version>/Calamari`; empty for other roles and other layouts."""
    if role not in _CALAMARI:
        return ""
    for path in (executable.removesuffix(" (deleted)"), *words[:8]):
        match = _VERSION.search(path.strip("\"'"))
        if match is not None and commandline.basename(path).startswith(("Calamari", "calamari")):
            return match[1]
    return ""
