"""`octotui config`: every setting in force and where it comes from, the keys, and the files that were read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.arguments import parsed_filter
from octotui.configfile import read_config
from octotui.errors import UsageError

if TYPE_CHECKING:
    from octotui.config import Origin, Resolved
    from octotui.ui.actions import Action
    from octotui.ui.keymap import Keymap


@click.group("config", invoke_without_command=True)
@click.option("--keys", "all_keys", is_flag=True, help="List the keys of every action, not only those changed.")
@click.option("--no-config", is_flag=True, help="Read no config file: what would hold without them.")
@output.json_option
@click.pass_context
def command(ctx: click.Context, all_keys: bool, no_config: bool, as_json: bool) -> int | None:
    """Print the settings in force, each with where it comes from. Nothing is written.

    A later source wins: default, system file, user file, environment. Options of a command go before all of them.
    """
    if ctx.invoked_subcommand is not None:
        if all_keys or no_config:
            raise click.UsageError("--keys and --no-config are options of octotui config itself", ctx)
        return None
    from octotui import config, locations
    from octotui.cli.terminal import environment
    from octotui.ui.keymap import make_keymap

    resolved = config.resolve(() if no_config else locations.config_files(), environment())
    keymap = make_keymap(resolved.settings.keys)
    _check(resolved)
    if as_json:
        output.write_json(_document(resolved, keymap))
        return 0
    rows: list[tuple[str, ...]] = [("SETTING", "VALUE", "FROM")]
    rows += [(name, output.clean(_text(value)), _from(origin)) for name, value, origin in _settings(resolved)]
    for text in output.columns(rows):
        output.line(text)
    output.line()
    _print_keys(resolved, keymap, all_keys=all_keys)
    output.line()
    output.line("Files, a later one wins:" if resolved.files else "No config file was read.")
    rows = [(file.shown_path, "read" if file.is_present else "absent") for file in resolved.files]
    for text in output.columns(rows):
        output.line(f"  {text}")
    return 0


@command.command("path")
@output.json_option
def path(as_json: bool) -> int:
    """Print the config files in reading order, and how each one stands: read, absent, or what is wrong with it."""
    from octotui import locations

    found = [(file, *_state(file)) for file in locations.config_files()]
    if as_json:
        files = [{"path": output.clean(str(file)), "state": state, "problem": why} for file, state, why in found]
        output.write_json({"files": files})
        return 0
    for text in output.columns([(output.clean(str(file)), state, why) for file, state, why in found]):
        output.line(text)
    if os.environ.get("OCTOTUI_CONFIG"):
        output.line("Named by OCTOTUI_CONFIG, in place of the system's and the user's file.")
    return 0


def _state(file: Path) -> tuple[str, str]:
    try:
        return ("read" if read_config(file).is_present else "absent"), ""
    except UsageError as error:
        return "wrong", output.clean(error.message)


def _check(resolved: Resolved) -> None:
    """Raises UsageError for a value that only its user can judge: the filter and the limits of the store."""
    from octotui.dumps.keeping.limits import Limits

    settings = resolved.settings
    parsed_filter(settings.filter)
    Limits.parse(settings.quota, settings.keep_free)


def _settings(resolved: Resolved) -> list[tuple[str, object, Origin]]:
    from octotui.config import KEYS

    return [(key.name, getattr(resolved.settings, key.field), resolved.origins[key.field]) for key in KEYS]


def _text(value: object) -> str:
    """A value as the config file would have it; the store's own directory in words."""
    if value is None:
        return "the store"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, float) else f'"{value}"'


def _from(origin: Origin) -> str:
    if origin.kind == "default":
        return f"default, {origin.name}" if origin.name else "default"
    return output.clean(origin.name)


def _print_keys(resolved: Resolved, keymap: Keymap, *, all_keys: bool) -> None:
    from octotui.ui.actions import ACTIONS

    actions = ACTIONS if all_keys else keymap.changed()
    if not actions:
        output.line("Keys: the defaults; octotui config --keys lists them")
        return
    origins = {setting.action: setting.origin for setting in resolved.settings.keys}
    rows: list[tuple[str, ...]] = [("ACTION", "KEYS", "DEFAULT", "FROM")]
    for action in actions:
        is_changed = keymap.of(action.id) != action.keys
        reason = origins.get(action.id) or ("another action took a key" if is_changed else "default")
        rows.append((action.id, _spelled(keymap.of(action.id)), _spelled(action.keys), reason))
    for text in output.columns(rows):
        output.line(text)


def _spelled(keys: tuple[str, ...]) -> str:
    from octotui.ui.keynames import written_key

    return " ".join(written_key(key) for key in keys) or "none"


def _document(resolved: Resolved, keymap: Keymap) -> dict[str, object]:
    from octotui.ui.actions import ACTIONS

    settings = [
        {
            "name": name,
            "value": value if isinstance(value, bool | float) or value is None else output.clean(str(value)),
            "origin": origin.kind,
            "from": output.clean(origin.name),
        }
        for name, value, origin in _settings(resolved)
    ]
    files = [{"path": file.shown_path, "state": "read" if file.is_present else "absent"} for file in resolved.files]
    return {"settings": settings, "keys": [_key(action, resolved, keymap) for action in ACTIONS], "files": files}


def _key(action: Action, resolved: Resolved, keymap: Keymap) -> dict[str, object]:
    from octotui.ui.keynames import written_key

    return {
        "action": action.id,
        "keys": [written_key(key) for key in keymap.of(action.id)],
        "default": [written_key(key) for key in action.keys],
        "from": next((one.origin for one in resolved.settings.keys if one.action == action.id), ""),
    }
