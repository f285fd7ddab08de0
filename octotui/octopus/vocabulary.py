"""The words for what a process is to Octopus: roles, their badges, and a finding with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Role(StrEnum):
    """The part a process plays on an Octopus host; values are the slugs of filters, options and JSON."""

    TENTACLE = "tentacle-service"
    TENTACLE_CLI = "tentacle-cli"
    OTHER_OCTOPUS = "other-octopus"
    BOOTSTRAP = "task-bootstrap"
    CALAMARI = "calamari"
    CALAMARI_LEGACY = "calamari-legacy"
    WRAPPER = "wrapper"
    USER_SCRIPT = "user-script"
    STEP_PACKAGE = "step-package"
    TOOL = "tool"
    K8S_RUNNER = "k8s-runner"
    SERVER = "server"
    SERVER_CLI = "server-cli"
    EXEC_CONTAINER = "exec-container"
    USER_COMMAND = "user-command"
    SSH_SESSION = "ssh-session"
    NONE = "none"


LABELS: Mapping[Role, str] = MappingProxyType(
    {
        Role.TENTACLE: "Tentacle",
        Role.TENTACLE_CLI: "cli",
        Role.OTHER_OCTOPUS: "Octopus",
        Role.BOOTSTRAP: "bootstrap",
        Role.CALAMARI: "Calamari",
        Role.CALAMARI_LEGACY: "Calamari",
        Role.WRAPPER: "wrapper",
        Role.USER_SCRIPT: "script",
        Role.STEP_PACKAGE: "step pkg",
        Role.TOOL: "tool",
        Role.K8S_RUNNER: "k8s run",
        Role.SERVER: "Server",
        Role.SERVER_CLI: "cli",
        Role.EXEC_CONTAINER: "container",
        Role.USER_COMMAND: "command",
        Role.SSH_SESSION: "ssh",
        Role.NONE: "",
    }
)
"""The badge of each role, at most nine cells."""


class RoleFinding(NamedTuple):
    """What a command line says: `reason` is a short sentence, `command` the Calamari or Tentacle verb.

    `is_settled` is False when the role holds only in the right family: a tool below Calamari, an SSH session above it,
    or no role so far, which ancestry may change to a user's command.
    """

    role: Role
    reason: str = ""
    command: str = ""
    is_settled: bool = True
