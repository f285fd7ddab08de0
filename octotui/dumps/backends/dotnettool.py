"""Finds dotnet-dump and the runtime that it runs on, among the places where tools of .NET are installed."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from octotui.dotnet.access import Identity, why_not_runnable
from octotui.dotnet.trust import first_untrusted, first_untrusted_below
from octotui.dumps.backends.hosttools import SHARED_ROOTS
from octotui.text import printable

TOOL = "dotnet-dump"
FIXED_PLACES = ("/usr/local/bin", "/tools")
_SHARED = "/shared/Microsoft.NETCore.App"
_OF_A_ROOT = re.compile(r"(/.*)/shared/Microsoft\.NETCore\.App/[^/]+/?")


@dataclass(frozen=True, slots=True)
class Found:
    """The tool that `who` may run, with the root of a runtime for it; or why there is none, in words."""

    path: str = ""
    runtime_root: str = ""
    problem: str = ""
    hint: str = ""
    is_installed: bool = True


def find(
    who: Identity,
    runtime_directory: str,
    owners: Collection[int],
    *,
    environment: Mapping[str, str] | None = None,
    fixed: Collection[str] = FIXED_PLACES,
    roots: Collection[str] = SHARED_ROOTS,
) -> Found:
    """dotnet-dump for a target of the user `who`, whose own runtime lies in `runtime_directory`.

    It lies in PATH or where root, the user of the SSH session or that user have their tools, and nobody but `owners`
    can change it or the runtime that it runs on.
    """
    environment = os.environ if environment is None else environment
    problem = ""
    for path in _candidates(who.uid, environment, fixed):
        why = _why_not(path, who, owners)
        if not why:
            return _with_runtime(path, who, owners, runtime_directory, environment, roots)
        problem = problem or why
    if problem:
        return Found(problem=problem, hint="sudo dotnet tool install --tool-path /usr/local/bin dotnet-dump")
    return Found(
        problem="dotnet-dump is not installed",
        hint="sudo dotnet tool install --tool-path /usr/local/bin dotnet-dump",
        is_installed=False,
    )


def _candidates(uid: int, environment: Mapping[str, str], fixed: Collection[str]) -> Iterator[str]:
    directories = [part for part in environment.get("PATH", "").split(":") if part.startswith("/")]
    sudoer = environment.get("SUDO_UID", "")
    users = [0, *([int(sudoer)] if sudoer.isdecimal() and len(sudoer) < 11 else []), uid]
    for user in dict.fromkeys(users):
        try:
            home = pwd.getpwuid(user).pw_dir
        except (KeyError, OverflowError):
            continue
        if home.startswith("/"):
            directories.append(os.path.join(home, ".dotnet/tools"))
    for directory in dict.fromkeys([*directories, *fixed]):
        path = os.path.join(directory, TOOL)
        if os.path.lexists(path):
            yield path


def _why_not(path: str, who: Identity, owners: Collection[int]) -> str:
    """Why `who` should not run that tool, in words; "" when it may."""
    store = os.path.join(os.path.dirname(os.path.realpath(path)), ".store", TOOL)
    untrusted = first_untrusted(path, owners=owners)
    if not untrusted and os.path.lexists(store):
        untrusted = first_untrusted(store, owners=owners) or first_untrusted_below(store, owners=owners)
    if untrusted:
        whose = " and ".join("root" if owner == 0 else f"uid {owner}" for owner in sorted(owners))
        return f"{printable(path)} is not used: someone other than {whose} can change {printable(untrusted)}"
    return why_not_runnable(path, who)


def _with_runtime(
    path: str,
    who: Identity,
    owners: Collection[int],
    runtime_directory: str,
    environment: Mapping[str, str],
    roots: Collection[str],
) -> Found:
    own = _OF_A_ROOT.fullmatch(runtime_directory)
    places = [environment.get("DOTNET_ROOT", ""), *roots, own[1] if own else ""]
    for root in places:
        if root.startswith("/") and os.path.isdir(root + _SHARED):
            if first_untrusted(root + _SHARED, owners=owners):
                continue
            if not first_untrusted_below(root + "/host", owners=owners):
                return Found(path, root)
    return Found(
        problem=f"{printable(path)} needs a .NET runtime, and there is none that uid {who.uid} can trust",
        hint="have a .NET runtime installed in /usr/share/dotnet, or use --backend ipc, which needs none",
    )
