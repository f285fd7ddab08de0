"""The rules that give one process its role: exact base names first, then what an interpreter was told to run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from octotui.octopus import commandline
from octotui.octopus.scripts import python_finding, shell_finding, windows_shell_finding
from octotui.octopus.vocabulary import LABELS, Role, RoleFinding
from octotui.processes.model import ProcessInfo

__all__ = ["LABELS", "Role", "RoleFinding", "classify"]

_UNKNOWN = RoleFinding(Role.NONE, is_settled=False)
_CALAMARI = re.compile(r"Calamari(\.[A-Za-z]+)*")
_OWN = frozenset({"octotui", "octotui.exe"})
_NEVER = frozenset(
    {"createdump", "docker-credential-octopus", "dotnet-dump", "dotnet-trace", "dotnet-counters", "gcore"}
)
_OTHER_OCTOPUS = re.compile(r"octopus\.(?:manager\.\w+|tentacle\.\w+|tentacle|server\.\w+|upgrader|diagnostics\w*)")
_WRAPPERS = frozenset(
    {"setsid", "nohup", "nice", "ionice", "stdbuf", "env", "sudo", "timeout", "time", "chrt", "taskset"}
)
_MONO = re.compile(r"mono(?:-sgen|-boehm)?(?:32|64)?")
_SHELL = re.compile(r"(?:bash|sh|dash|ash|ksh|zsh|busybox)")
_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*w?")
_TOOLS = frozenset(
    {
        "terraform", "tofu", "kubectl", "helm", "az", "gcloud", "aws", "kubelogin", "docker", "podman", "nerdctl",
        "claude", "srt", "bicep", "kustomize", "aws-iam-authenticator", "oras",
    }
)  # fmt: skip
_CONTAINERS = frozenset({"docker", "podman", "nerdctl"})
_SSH = re.compile(r"sshd(?:-session)?: [^\s@]+@notty")


def classify(process: ProcessInfo) -> RoleFinding:
    """The role of one process by its executable, command line and name; ancestry is not looked at.

    Works on the shapes of both systems whichever one runs. Total: hostile, empty or cut command lines give a finding.
    """
    if process.is_kernel:
        return RoleFinding(Role.NONE, "kernel thread")
    words = commandline.words(process.argv, process.executable)
    name = commandline.program(process.executable, words, process.name)
    finding = _by_name(name, words, is_readable=bool(words))
    if finding is not None:
        return finding
    return _by_first_word(name, words) or _UNKNOWN


def _by_name(name: str, words: Sequence[str], *, is_readable: bool) -> RoleFinding | None:
    """The role that an executable's own base name gives."""
    lowered = name.lower()
    is_windows = lowered.endswith((".exe", ".dll", ".cmd"))
    stem = name[:-4] if is_windows else name
    folded = stem.lower()
    if lowered in _OWN or folded in _NEVER:
        return RoleFinding(Role.NONE, f"{stem} is never a target")
    octopus = octopus_program(stem, words, is_windows=is_windows, is_readable=is_readable)
    if octopus is not None:
        return octopus
    if folded in ("dotnet", "dotnet-script", "scriptcs", "fsi"):
        return _dotnet_finding(folded, words)
    if _MONO.fullmatch(folded):
        return _mono_finding(words)
    if folded in ("pwsh", "powershell", "powershell_ise", "pwsh-preview"):
        return windows_shell_finding(words)
    if _SHELL.fullmatch(folded):
        return shell_finding(words)
    if _PYTHON.fullmatch(folded):
        return _own_python(words) or python_finding(words)
    if folded.startswith("bootstraprunner"):
        return RoleFinding(Role.K8S_RUNNER, "executable is the bootstrap runner of the Kubernetes agent")
    if folded == "node":
        return _node_finding(words)
    return None


def octopus_program(
    stem: str, words: Sequence[str], *, is_windows: bool = False, is_readable: bool = True
) -> RoleFinding | None:
    """The role of a program of Octopus itself by base name without `.exe` or `.dll`; None for any other program.

    `words` starts with the program, so `words[1]` is its command word.
    """
    folded = stem.lower()
    verb = commandline.verb(words)
    if folded == "tentacle":
        return _service(Role.TENTACLE, Role.TENTACLE_CLI, "Tentacle", verb, ("run", "agent"), is_readable=is_readable)
    if folded == "octopus.server":
        return _service(Role.SERVER, Role.SERVER_CLI, "Octopus.Server", verb, ("run",), is_readable=is_readable)
    if _OTHER_OCTOPUS.fullmatch(folded):
        return RoleFinding(Role.OTHER_OCTOPUS, f"executable is {stem}, a companion of Tentacle or Server")
    if _CALAMARI.fullmatch(stem) or (is_windows and _CALAMARI.fullmatch(stem.capitalize())):
        words_seen = "with a command word" if verb else "without a command word"
        return RoleFinding(Role.CALAMARI, f"executable is {stem} {words_seen}", verb)
    return None


def _service(
    service: Role, one_shot: Role, program: str, verb: str, verbs: tuple[str, ...], *, is_readable: bool
) -> RoleFinding:
    command = verb.lower()
    if command in verbs:
        return RoleFinding(service, f"executable is {program} with the verb {command}", command)
    if not is_readable:
        return RoleFinding(service, f"executable is {program}, its command line cannot be read")
    return RoleFinding(one_shot, f"executable is {program} with a one-shot verb", command)


def _by_first_word(name: str, words: Sequence[str]) -> RoleFinding | None:
    """Roles that lean on how the program was called: wrappers, SSH sessions, tools, links to an Octopus program."""
    if not words:
        return None
    if _SSH.match(" ".join(words[:2])) and name.lower() in ("sshd", "sshd-session", "sshd:"):
        return RoleFinding(Role.SSH_SESSION, "SSH session with an Octopus process below it", is_settled=False)
    if name.lower() in _WRAPPERS:
        return _wrapper_finding(words)
    called = commandline.basename(words[0]).lower().removesuffix(".exe").removesuffix(".cmd")
    for tool in (name.lower().removesuffix(".exe"), called):
        if tool in _TOOLS:
            return tool_finding(tool, words)
    if name.lower() in ("java", "java.exe") and any(commandline.basename(word) == "calamari.jar" for word in words):
        return tool_finding("java", words)
    return None


def tool_finding(tool: str, words: Sequence[str]) -> RoleFinding:
    """A deployment tool; the role holds below a Calamari or a script only."""
    if tool in _CONTAINERS and commandline.verb(words) in ("run", "exec"):
        return RoleFinding(Role.EXEC_CONTAINER, f"{tool} runs an execution container", is_settled=False)
    return RoleFinding(Role.TOOL, f"{tool} below a Calamari or a script", is_settled=False)


def _wrapper_finding(words: Sequence[str]) -> RoleFinding | None:
    index = commandline.wrapped_program(words)
    if index < 0:
        return None
    target = commandline.basename(words[index])
    is_windows = target.lower().endswith((".exe", ".dll"))
    inner = octopus_program(target[:-4] if is_windows else target, words[index:], is_windows=is_windows)
    if inner is None:
        return None
    return RoleFinding(Role.WRAPPER, f"{commandline.basename(words[0])} is about to become {target}", inner.command)


def _dotnet_finding(program: str, words: Sequence[str]) -> RoleFinding | None:
    """`dotnet X.dll`: X decides. A C# script of Calamari runs through dotnet-script."""
    has_script = any("ootstrap." in word and ".csx" in word for word in words)
    if program != "dotnet":
        return RoleFinding(Role.USER_SCRIPT, f"{program} runs a C# script of Calamari") if has_script else None
    index = commandline.first_file(words, (".dll", ".exe"))
    if index < 0:
        return None
    stem = commandline.basename(words[index])[:-4]
    if stem.lower() == "dotnet-script":
        return RoleFinding(Role.USER_SCRIPT, "dotnet-script runs a C# script of Calamari") if has_script else None
    if stem.lower() in _NEVER or stem.lower() == "octotui":
        return RoleFinding(Role.NONE, f"{stem} is never a target")
    return octopus_program(stem, words[index:], is_windows=True)


def _mono_finding(words: Sequence[str]) -> RoleFinding | None:
    index = commandline.first_file(words, (".dll", ".exe"))
    if index < 0:
        return None
    stem = commandline.basename(words[index])[:-4]
    finding = octopus_program(stem, words[index:], is_windows=True)
    if finding is None or finding.role is not Role.CALAMARI:
        return finding
    return RoleFinding(Role.CALAMARI_LEGACY, f"mono runs {stem}, an old Calamari", finding.command)


def _own_python(words: Sequence[str]) -> RoleFinding | None:
    for flag, module in pairwise(words):
        if flag == "-m" and module.partition(".")[0] == "octotui":
            return RoleFinding(Role.NONE, "octotui itself is never a target")
    script = commandline.script_of(words)
    name = commandline.basename(words[script]).lower() if script > 0 else ""
    if name in _OWN or (name == "__main__.py" and "octotui" in words[script]):
        return RoleFinding(Role.NONE, "octotui itself is never a target")
    if any(word == "azure.cli" for word in words):
        return tool_finding("az", words)
    tool = name.removesuffix(".py")
    return tool_finding(tool, words) if tool in _TOOLS else None


def _node_finding(words: Sequence[str]) -> RoleFinding | None:
    for index, word in enumerate(words):
        if commandline.basename(word).lower() == "bootstrapper.js":
            command = words[index + 1] if index + 1 < len(words) else ""
            return RoleFinding(Role.STEP_PACKAGE, "node runs the bootstrapper of a step package", command)
        if index and commandline.basename(word).lower() in ("claude", "srt", "bicep"):
            return tool_finding(commandline.basename(word).lower(), words)
    return None
