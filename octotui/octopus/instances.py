"""Which Tentacle or Server instance a process belongs to: options, config paths, the registry, systemd units."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from octotui.octopus import commandline
from octotui.text import printable

DEFAULT_TENTACLE = "Tentacle"
DEFAULT_SERVER = "OctopusServer"

_LONGEST_NAME = 100
_CONFIG_NAME = re.compile(r"(?:tentacle|octopusserver|server)-(.+)\.config", re.IGNORECASE)
_UNIT = re.compile(r"/([^/]+)\.service(?=/|$)")
_UNNAMED_UNITS = frozenset({"octopusdeploy-tentacle", "tentacle"})


class RegisteredInstance(NamedTuple):
    """One entry of the instance registry: its name and the path of its configuration."""

    name: str
    configuration: str

    @property
    def home(self) -> str:
        """The directory of the configuration, which is the instance's home unless an administrator moved it."""
        return _directory(self.configuration)


def parse_registration(text: str) -> RegisteredInstance | None:
    """An entry from the JSON of its file; None for anything that is not an entry."""
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    name, configuration = entry.get("Name"), entry.get("ConfigurationFilePath")
    if not isinstance(name, str) or not name.strip():
        return None
    return RegisteredInstance(_shown(name), configuration if isinstance(configuration, str) else "")


def instance_of_command(words: Sequence[str], registered: Iterable[RegisteredInstance] = ()) -> str:
    """The instance that a command line names by `--instance` or `--config`; empty without either, and for `*`."""
    name = commandline.option(words, "instance")
    if name:
        return "" if name == "*" else _shown(name)
    configuration = commandline.option(words, "config")
    if not configuration:
        return ""
    for entry in registered:
        if entry.configuration and _folded(entry.configuration) == _folded(configuration):
            return entry.name
    return instance_of_configuration(configuration)


def instance_of_configuration(path: str) -> str:
    """The name in a config path: `tentacle-NAME.config`, else the directory it stands in."""
    named = _CONFIG_NAME.fullmatch(commandline.basename(path))
    if named is not None:
        return _shown(named[1])
    directory = commandline.basename(_directory(path))
    return "" if directory.lower() in ("", "octopus", "etc", ".octopus") else _shown(directory)


def instance_of_path(path: str, registered: Iterable[RegisteredInstance]) -> str:
    """The registered instance whose home holds `path`; the innermost home wins, empty when none does."""
    folded = _folded(path)
    best = RegisteredInstance("", "")
    for entry in registered:
        home = _folded(entry.home)
        if home and folded.startswith(home + "/") and len(home) > len(_folded(best.home)):
            best = entry
    return best.name


def instance_of_cgroup(cgroup: str, registered: Iterable[RegisteredInstance] = ()) -> str:
    """The instance whose systemd unit a control group belongs to; empty for every unit that is not known as one.

    A unit is named as its instance is, with `/` removed and `-` for each gap; an instance without a name has
    `OctopusDeploy-Tentacle.service`.
    """
    unit = service_unit(cgroup)
    if not unit:
        return ""
    folded = unit.lower()
    for entry in registered:
        if re.sub(r"\s", "-", entry.name.replace("/", "")).lower() == folded:
            return entry.name
    return DEFAULT_TENTACLE if folded in _UNNAMED_UNITS else ""


def service_unit(cgroup: str) -> str:
    """The systemd service of a control group (`Tentacle` of `/system.slice/Tentacle.service`), empty if none."""
    units = _UNIT.findall(cgroup)
    return units[-1] if units else ""


def _directory(path: str) -> str:
    return path[: max(path.rfind("/"), path.rfind("\\"), 0)]


def _folded(path: str) -> str:
    """A path for comparison; paths of Windows are compared in lower case."""
    return path.replace("\\", "/").lower() if "\\" in path else path


def _shown(name: str) -> str:
    return printable(name.strip(), _LONGEST_NAME)
