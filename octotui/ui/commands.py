"""The command palette's entries, from the action table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

from octotui.ui import themes
from octotui.ui.actions import ACTIONS, Group, keys_text

if TYPE_CHECKING:
    from octotui.ui.app import OctotuiApp


def palette_commands(app: OctotuiApp, screen: Screen[Any]) -> list[SystemCommand]:
    """Every enabled action but movement, then the themes. Actions of the process screen are offered on it only."""
    commands: list[SystemCommand] = []
    disabled = app.processes.rules.disabled_ids()
    for action in ACTIONS:
        if action.group is Group.MOVE or action.id in disabled or action.id == "palette":
            continue
        if not action.is_global and screen is not app.processes:
            continue
        run = app.action_global_act if action.is_global else app.processes.action_act
        text = f"{action.help} ({keys_text(action)})"
        commands.append(SystemCommand(action.label, app.glyphs.text(text), partial(run, action.id)))
    for name in themes.NAMES:
        commands.append(SystemCommand(f"Theme: {name}", "Change the colours", partial(_use_theme, app, name)))
    return commands


def _use_theme(app: OctotuiApp, name: str) -> None:
    app.theme = themes.theme_name(name)
