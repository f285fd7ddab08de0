"""Shells and interpreters of Octopus scripts: which script they were given, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from octotui.octopus import commandline
from octotui.octopus.tasks import work_directory_in
from octotui.octopus.vocabulary import Role, RoleFinding

_TASK_SCRIPT = re.compile(r"Bootstrap\.(?:sh|ps1)", re.IGNORECASE)
_GUID = r"[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_CALAMARI_SCRIPT = re.compile(rf"Bootstrap\.(?:{_GUID}\.\S+|.+\.(?:sh|py|csx|fsx|ps1))", re.IGNORECASE | re.DOTALL)
_DEPENDENCIES = re.compile(r"InstallDependencies\..+\.py", re.IGNORECASE | re.DOTALL)
_RUNNER = re.compile(r"execute-bootstrapRunner\.sh|bootstrapRunner-linux-", re.IGNORECASE)
_POWERSHELL_TASK = re.compile(r"[\\/]Bootstrap\.ps1\b", re.IGNORECASE)
_POWERSHELL_SCRIPT = re.compile(r"[\\/]Bootstrap\.[^\\/'\"\s]+\.ps1\b", re.IGNORECASE)
_OCTOPUS_KEY = re.compile(r"[-–—―]OctopusKey\b", re.IGNORECASE)


def shell_finding(words: Sequence[str]) -> RoleFinding | None:
    """A POSIX shell: the bootstrap of a task, the script of a step, the runner of the Kubernetes agent, or None."""
    index = commandline.script_of(words)
    if index < 0:
        code = " ".join(words[1:])
        return _runner() if _RUNNER.search(code) else None
    if commandline.basename(words[0]).lower().startswith("busybox") and index + 1 < len(words):
        index = max(commandline.script_of(words[index:]) + index, index)
    script = commandline.basename(words[index])
    if _RUNNER.match(script):
        return _runner()
    if _TASK_SCRIPT.fullmatch(script):
        return _bootstrap(script, words[index])
    if _CALAMARI_SCRIPT.fullmatch(script):
        return RoleFinding(Role.USER_SCRIPT, f"shell runs {script} for a Calamari")
    return None


def python_finding(words: Sequence[str]) -> RoleFinding | None:
    """Python: the script of a step, or the installer of its dependencies, or None."""
    index = commandline.script_of(words)
    if index < 0:
        return None
    script = commandline.basename(words[index])
    if _DEPENDENCIES.fullmatch(script):
        return RoleFinding(Role.USER_SCRIPT, "python deps: Python installs what a script needs", "python deps")
    if _CALAMARI_SCRIPT.fullmatch(script):
        return RoleFinding(Role.USER_SCRIPT, f"Python runs {script} for a Calamari")
    return None


def windows_shell_finding(words: Sequence[str]) -> RoleFinding | None:
    """PowerShell of either kind: with a key it is the script of a step, without one the bootstrap of a task."""
    code = " ".join(words[1:])
    if _OCTOPUS_KEY.search(code) or _POWERSHELL_SCRIPT.search(code):
        return RoleFinding(Role.USER_SCRIPT, "PowerShell runs a bootstrapped script for a Calamari")
    if _POWERSHELL_TASK.search(code):
        return _bootstrap("Bootstrap.ps1", code)
    return None


def _runner() -> RoleFinding:
    return RoleFinding(Role.K8S_RUNNER, "shell starts the bootstrap runner of the Kubernetes agent")


def _bootstrap(script: str, text: str) -> RoleFinding:
    """A bootstrap in a work directory is a task; elsewhere only its family can tell."""
    is_settled = bool(work_directory_in(text))
    return RoleFinding(Role.BOOTSTRAP, f"shell runs {script} in a work directory", is_settled=is_settled)
