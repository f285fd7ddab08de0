"""Textual bindings made from the action table."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from octotui.ui.actions import ACTIONS, Action


def screen_bindings() -> list[BindingType]:
    """Bindings of the process screen: everything that is not global."""
    return [_binding(action) for action in ACTIONS if not action.is_global]


def global_bindings() -> list[BindingType]:
    """Bindings of the application; Ctrl+C and Ctrl+Q reach it whatever has the focus."""
    bindings: list[BindingType] = []
    for action in ACTIONS:
        if not action.is_global:
            continue
        urgent = tuple(key for key in action.keys if key in ("ctrl+c", "ctrl+q", "ctrl+z"))
        plain = tuple(key for key in action.keys if key not in urgent)
        if plain:
            bindings.append(_binding(action, plain, "global_act"))
        bindings += [
            Binding(key, f"global_act('{action.id}')", action.label, show=False, priority=True) for key in urgent
        ]
    return bindings


def _binding(action: Action, keys: tuple[str, ...] = (), handler: str = "act") -> Binding:
    return Binding(
        ",".join(keys or action.keys), f"{handler}('{action.id}')", action.label, show=False, id=action.id,
        tooltip=action.help,
    )  # fmt: skip
