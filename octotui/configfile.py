"""A config file as it is read: a table of settings and the keys it binds. It is never written."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from octotui.errors import UsageError
from octotui.text import printable

MOST_CONFIG_BYTES = 1 << 20
WITHOUT = "octotui --no-config opens the screen without the config files"
"""What every complaint about a config file says last: a wrong file must not keep anyone from looking."""


@dataclass(frozen=True, slots=True)
class KeySetting:
    """The keys of one action as a file writes them, in any spelling; none for an action without keys."""

    action: str
    keys: tuple[str, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A config file. `values` are its settings, `keys` its table `[keys]`; both are empty for one that is absent."""

    path: Path
    is_present: bool
    values: Mapping[str, object]
    keys: tuple[KeySetting, ...] = ()

    @property
    def shown_path(self) -> str:
        return printable(str(self.path))


def read_config(path: Path) -> ConfigFile:
    """The file at `path`. Raises UsageError for one that cannot be read or is no valid TOML."""
    shown = printable(str(path))
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return ConfigFile(path, False, {})
    except OSError as error:
        raise UsageError(
            f"cannot read the config file {shown} ({error.strerror})",
            hint=f"make it readable or remove it: {shown}; {WITHOUT}",
        ) from error
    if len(raw) > MOST_CONFIG_BYTES:
        raise UsageError(f"the config file {shown} is larger than 1 MiB", hint=f"keep settings only in it; {WITHOUT}")
    try:
        values = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits is a plain ValueError.
        message = f"{shown} is not valid TOML: {printable(str(error), 200)}"
        raise UsageError(message, hint=f"mend that line; {WITHOUT}") from error
    return ConfigFile(path, True, values, _keys(values.pop("keys", {}), shown))


def _keys(table: object, origin: str) -> tuple[KeySetting, ...]:
    if not isinstance(table, dict):
        raise UsageError(
            f'{origin}: "keys" is a table, not {printable(repr(table), 60)}',
            hint=f'write [keys] and below it lines like dump-tree = "F8"; {WITHOUT}',
        )
    return tuple(_key(printable(name, 60), value, origin) for name, value in table.items())


def _key(action: str, value: object, origin: str) -> KeySetting:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip(" ") for text in texts):
        raise UsageError(
            f"{origin}: [keys] {action} takes a key or a list of keys, not {printable(repr(value), 60)}",
            hint=f'write {action} = "F8", or {action} = ["d", "F8"]; {WITHOUT}',
        )
    return KeySetting(action, tuple(printable(text, 40) for text in texts), origin)
