"""Textual bindings made from the action table and the keys in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.binding import Binding
from textual.dom import DOMNode

from octotui.ui.actions import ACTIONS, BY_ID, Place
from octotui.ui.keymap import Keymap

INTERRUPT = "ctrl+c"
"""Copies where text is selected, and quits where none is."""

URGENT = frozenset({INTERRUPT, "ctrl+q", "ctrl+z", "ctrl+l"})
"""Keys that reach the program whatever has the focus, in dialogs too. None that can be typed into a line."""


def bind_screen(node: DOMNode, keymap: Keymap, place: Place, also: Mapping[str, str]) -> None:
    """Bind every action of `place` at `node`, to its `action_act`.

    `also` has the keys of one action run another one here: {"quit": "back"} where q leaves the screen.
    """
    bindings: list[Binding] = []
    for action in ACTIONS:
        if place in action.places and not action.is_global:
            bindings += [_binding(key, "act", action.id) for key in keymap.of(action.id)]
    taken = {binding.key for binding in bindings} | URGENT
    for source, action_id in also.items():
        bindings += [_binding(key, "act", action_id) for key in keymap.of(source) if key not in taken]
    _add(node, bindings)


def bind_program(node: DOMNode, keymap: Keymap) -> None:
    """Bind the global actions at the application, to its `action_global_act`."""
    bindings = [
        _binding(key, "global_act", action.id)
        for action in ACTIONS
        if action.is_global
        for key in keymap.of(action.id)
        if key != INTERRUPT
    ]
    _add(node, [*bindings, Binding(INTERRUPT, "interrupt", "Copy or quit", show=False, priority=True)])


def _binding(key: str, handler: str, action_id: str) -> Binding:
    action = BY_ID[action_id]
    return Binding(
        key, f"{handler}('{action_id}')", action.label, show=False, id=action_id, tooltip=action.help,
        priority=handler == "global_act" and key in URGENT,
    )  # fmt: skip


def _add(node: DOMNode, bindings: Iterable[Binding]) -> None:
    # The keys differ from run to run, so that they cannot stand in a class. Ours go before those of Textual's own
    # classes, whose lists are shared between instances and stay as they are.
    known = node._bindings.key_to_bindings
    for binding in bindings:
        known[binding.key] = [binding, *known.get(binding.key, ())]
