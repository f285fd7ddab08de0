"""Settings: flag over environment over user file over system file over default. Files are read, never written."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from octotui.configfile import WITHOUT, ConfigFile, KeySetting, read_config
from octotui.errors import UsageError
from octotui.text import locale_is_utf8, printable

SHORTEST_INTERVAL = 0.25
LONGEST_INTERVAL = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run of octotui goes by. `output` None means the dump store; `subtree` is a pid.

    `keys` are the keys that config files bind, as written there; the screen knows the actions they name.
    `quota` and `keep_free` are shares or sizes as `octotui.dumps.keeping.limits` reads them.
    """

    interval_seconds: float = 2.0
    scope: str = "octopus"
    filter: str = ""
    subtree: int | None = None
    read_only: bool = False
    ascii: bool = False
    mouse: bool = True
    theme: str = "dark"
    output: Path | None = None
    quota: str = "10%"
    keep_free: str = "15%"
    keys: tuple[KeySetting, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the config file: its name there, the field it sets, the type and the values it takes."""

    name: str
    field: str
    type: type
    choices: tuple[str, ...] = ()


THEMES = ("dark", "light", "ansi", "high-contrast")
SCOPES = ("octopus", "dotnet", "everything")
KEYS = (
    Key("interval", "interval_seconds", float),
    Key("show", "scope", str, SCOPES),
    Key("filter", "filter", str),
    Key("read-only", "read_only", bool),
    Key("ascii", "ascii", bool),
    Key("mouse", "mouse", bool),
    Key("theme", "theme", str, THEMES),
    Key("output", "output", str),
    Key("quota", "quota", str),
    Key("keep-free", "keep_free", str),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: `name` is a file, a variable, or what decides a default that is not always the same."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings in force, where each field of `KEYS` comes from, and the files in reading order."""

    settings: Settings
    origins: Mapping[str, Origin]
    files: tuple[ConfigFile, ...]


def load(files: Iterable[Path], environment: Mapping[str, str] = os.environ, **flags: object) -> Settings:
    """The settings in force. `flags` are fields of `Settings`; a flag of None was not given.

    Where nothing is said of them, `ascii` goes by the locale and `theme` by the terminal that `environment` names.
    Raises UsageError naming the file, the key and the nearest known key.
    """
    settings = resolve(files, environment).settings
    known = {field.name for field in fields(Settings)}
    changes: dict[str, Any] = {name: value for name, value in flags.items() if value is not None and name in known}
    return _checked(replace(settings, **changes), "command line")


def resolve(files: Iterable[Path], environment: Mapping[str, str] = os.environ) -> Resolved:
    """As `load`, without flags, with what `octotui config` says of where values come from."""
    settings = Settings(ascii=not locale_is_utf8(environment), theme=_theme_for(environment.get("TERM", "")))
    origins = {key.field: Origin("default", _DEFAULTS_BY.get(key.field, "")) for key in KEYS}
    keys: dict[str, KeySetting] = {}
    read = tuple(read_config(file) for file in files)
    for file in read:
        settings = _merged(settings, file.values, file.shown_path, f"; {WITHOUT}")
        origins |= {key.field: Origin("file", file.shown_path) for key in KEYS if key.name in file.values}
        keys |= {setting.action: setting for setting in file.keys}
    for key in KEYS:
        text = environment.get(variable(key))
        if text is not None:
            settings = _merged(settings, {key.name: _from_text(key.name, text)}, f"environment ({variable(key)})")
            origins[key.field] = Origin("environment", variable(key))
    return Resolved(replace(settings, keys=tuple(keys.values())), origins, read)


_DEFAULTS_BY = {"ascii": "by the locale", "theme": "by TERM"}
"""What decides a default that is not always the same."""


def _theme_for(terminal: str) -> str:
    """The terminal's own palette where there are only its few colours."""
    return "ansi" if terminal == "linux" or terminal.startswith(("linux-", "vt")) else "dark"


def variable(key: Key) -> str:
    """The environment variable of a setting."""
    return "OCTOTUI_" + key.name.upper().replace("-", "_")


def _from_text(name: str, text: str) -> object:
    """A value of the environment as the type of its key; text that does not fit is left for `_merged` to refuse."""
    kind = next(key.type for key in KEYS if key.name == name)
    if kind is bool:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}.get(
            text.lower(), text
        )
    if kind is float:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _merged(settings: Settings, values: Mapping[str, object], origin: str, way_out: str = "") -> Settings:
    """`settings` with `values` over them. `way_out` is what every hint ends with."""
    by_name = {key.name: key for key in KEYS}
    changes: dict[str, Any] = {}
    for name, value in values.items():
        key = by_name.get(name)
        if key is None:
            raise UsageError(
                f'{origin}: there is no setting "{printable(name, 60)}"',
                hint=_nearest(name, (*by_name, "keys")) + way_out,
            )
        if key.type is float and isinstance(value, int) and not isinstance(value, bool):
            # A whole number can be larger than any float; the range is checked further on.
            value = float(max(-1, min(value, 1 << 53)))
        if key.field in _LIMITS and type(value) is int:
            value = str(value)
        if not isinstance(value, key.type):
            raise UsageError(
                f'{origin}: "{name}" takes {_TYPE_WORDS[key.type]}, not {printable(repr(value), 60)}',
                hint=f"see the list of settings in the README ({name}){way_out}",
            )
        if key.choices and value not in key.choices:
            raise UsageError(
                f'{origin}: "{name}" cannot be "{printable(str(value), 60)}"',
                hint="it is one of " + ", ".join(key.choices) + way_out,
            )
        changes[key.field] = _directory(value, origin, way_out) if key.field == "output" else value
    return _checked(replace(settings, **changes), origin, way_out)


def _directory(value: object, origin: str, way_out: str) -> Path:
    """A directory as it was written, `~` resolved. Raises UsageError for an empty one and for an unknown user's `~`."""
    text = str(value)
    try:
        if text.strip():
            return Path(text).expanduser()
    except RuntimeError:
        pass
    raise UsageError(
        f'{origin}: "output" names no directory ("{printable(text, 60)}")',
        hint=f"write the whole path, or leave it out for the store{way_out}",
    )


_LIMITS = ("quota", "keep_free")
"""A number is a size in bytes there."""

_TYPE_WORDS = {float: "a number of seconds", bool: "true or false", str: "text"}


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f'did you mean "{close[0]}"?' if close else "known settings are " + ", ".join(known)


def _checked(settings: Settings, origin: str, way_out: str = "") -> Settings:
    if not SHORTEST_INTERVAL <= settings.interval_seconds <= LONGEST_INTERVAL:
        raise UsageError(
            f"{origin}: an interval of {settings.interval_seconds:g} s is out of range",
            hint=f"give {SHORTEST_INTERVAL:g} to {LONGEST_INTERVAL:g} seconds{way_out}",
        )
    return settings
