"""Opening what a live .NET process can be asked: its stacks and its heap types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from octotui.processes.model import ProcessKey
from octotui.ui.subjects import shown_name

if TYPE_CHECKING:
    from octotui.ui.screens.acting import ActingScreen
    from octotui.ui.screens.processes import ProcessesScreen


class StackHandlers:
    """Handlers shared by all screens; `screen` is where a reason is said and to which the way leads back."""

    def __init__(self, processes: ProcessesScreen) -> None:
        self._processes = processes

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        screen = self._processes
        return {
            "show-stacks": lambda: self.open(screen, screen.table.cursor_key),
            "show-heap": lambda: self.open_heap(screen, screen.table.cursor_key),
        }

    def open(self, screen: ActingScreen, key: ProcessKey | None) -> None:
        """The stacks of the process, or of the first .NET one below it; the others of its tree are a key away."""
        keys = self._of_tree(screen, key)
        if keys:
            self.open_all(screen, keys)

    def open_all(self, screen: ActingScreen, keys: tuple[ProcessKey, ...]) -> None:
        """The stacks of the first of `keys`, which are .NET processes."""
        from octotui.ui.screens.stacks import StacksScreen

        screen.app.push_screen(StacksScreen(self._processes, keys))

    def open_heap(self, screen: ActingScreen, key: ProcessKey | None) -> None:
        from octotui.ui.screens.heap import HeapScreen

        keys = self._of_tree(screen, key)
        if keys and keys[0] == key:
            screen.app.push_screen(HeapScreen(self._processes, keys[0]))
        elif keys and self._processes.model.latest is not None and key is not None:
            name = shown_name(self._processes.model.latest, key)
            screen.say(f"{name} is no .NET process; put the cursor on one that is")

    def _of_tree(self, screen: ActingScreen, key: ProcessKey | None) -> tuple[ProcessKey, ...]:
        """The .NET processes among `key` and what is below it; without one the reason is said."""
        model = self._processes.model
        sample = model.latest
        if sample is None or key is None:
            screen.say("There is no process under the cursor")
            return ()
        name = shown_name(sample, key)
        if not model.alive((key,)):
            screen.say(f"{name} has ended; there is nothing left to ask")
            return ()
        own = (key,) if sample.meaning(key).dotnet is not False else ()
        below = tuple(one for one in model.tree_of(key) if one != key and sample.meaning(one).dotnet)
        if not (own or below):
            screen.say(f"{name} is not .NET, nor is anything below it: no stacks to read")
        return own + below
