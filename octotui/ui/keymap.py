"""Which keys run which action: the defaults of the action table, changed by the `[keys]` of the config files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from octotui.configfile import WITHOUT, KeySetting
from octotui.errors import UsageError
from octotui.ui.actions import ACTIONS, BY_ID, Action
from octotui.ui.keynames import UnknownKey, key_name, key_of, written_key

FIXED: Mapping[str, tuple[str, ...]] = {"quit": ("ctrl+q", "ctrl+c"), "back": ("escape",), "clear": ("escape",)}
"""Keys that no setting takes away: quitting and going back stay possible, and Escape never quits."""


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys in force: action id -> Textual's names of its keys, the most usual one first."""

    keys: Mapping[str, tuple[str, ...]]

    def of(self, action_id: str) -> tuple[str, ...]:
        return self.keys[action_id]

    def name(self, action_id: str) -> str:
        """The first key as a person reads it, "" for an action without a key."""
        return next((key_name(key) for key in self.keys[action_id]), "")

    def text(self, action_id: str) -> str:
        """All keys as a person reads them, separated by spaces."""
        return " ".join(key_name(key) for key in self.keys[action_id])

    def how(self, action_id: str) -> str:
        """How the action is reached, for a sentence: its first key, or where it is found without one."""
        return self.name(action_id) or f"{BY_ID[action_id].label} in the palette"

    def changed(self) -> tuple[Action, ...]:
        """The actions whose keys are not the default ones."""
        return tuple(action for action in ACTIONS if self.keys[action.id] != action.keys)


DEFAULTS = Keymap(MappingProxyType({action.id: action.keys for action in ACTIONS}))


def make_keymap(settings: Iterable[KeySetting]) -> Keymap:
    """The defaults with `settings` laid over them. An action without keys stays in the palette.

    A key that is given to an action is taken from the action that has it by default. Raises UsageError for an unknown
    action or key, for a key given to two actions, and where another action would lose its last key.
    """
    given = {setting.action: setting for setting in settings}
    keys = {action.id: action.keys for action in ACTIONS}
    for setting in given.values():
        keys[_known(setting)] = _read(setting)
    for action in ACTIONS:
        for key in keys[action.id] if action.id in given else ():
            for other in _rivals(action, key, keys):
                if other.id in given or keys[other.id] == (key,):
                    raise _claimed_twice(given[action.id], key, action, other, is_given=other.id in given)
                keys[other.id] = tuple(one for one in keys[other.id] if one != key)
    return Keymap(MappingProxyType(keys))


def _known(setting: KeySetting) -> str:
    if setting.action in BY_ID:
        return setting.action
    close = difflib.get_close_matches(setting.action, BY_ID, n=1)
    raise UsageError(
        f'{setting.origin}: [keys] names no action "{setting.action}"',
        hint=(f'did you mean "{close[0]}"?' if close else "octotui config --keys --no-config lists them")
        + f"; {WITHOUT}",
    )


def _read(setting: KeySetting) -> tuple[str, ...]:
    """The keys of one setting, each once, with those that cannot be taken away. Raises UsageError."""
    fixed = FIXED.get(setting.action, ())
    found: list[str] = []
    for text in setting.keys:
        try:
            key = key_of(text)
        except UnknownKey as error:
            raise UsageError(
                f"{setting.origin}: [keys] {setting.action}: {error}", hint=f"{error.hint}; {WITHOUT}"
            ) from error
        owners = [action_id for action_id, keys in FIXED.items() if key in keys]
        if owners and key not in fixed:
            raise UsageError(
                f"{setting.origin}: [keys] {setting.action} cannot have {written_key(key)}: it is kept for {owners[0]}",
                hint=f"give it another key; {WITHOUT}",
            )
        found.append(key)
    return tuple(dict.fromkeys((*found, *fixed)))


def _rivals(action: Action, key: str, keys: Mapping[str, tuple[str, ...]]) -> Iterator[Action]:
    """Other actions that the same key would run on the same screen."""
    for other in ACTIONS:
        meet = action.is_global or other.is_global or action.places & other.places
        if other is not action and meet and key in keys[other.id]:
            yield other


def _claimed_twice(setting: KeySetting, key: str, action: Action, other: Action, *, is_given: bool) -> UsageError:
    shown = written_key(key)
    if is_given:
        message = f"{setting.origin}: [keys] gives {shown} to both {action.id} and {other.id}"
    else:
        message = f"{setting.origin}: [keys] gives {shown} to {action.id}, and {other.id} has no other key"
    return UsageError(
        message, hint=f'give {other.id} another key as well: {other.id} = "F9", or [] for none; {WITHOUT}'
    )
