"""What the screens share whose keys come from the action table: they run actions, or say why one cannot be run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen

from octotui.processes.view import Row
from octotui.ui.actions import ACTIONS, BY_ID, Action, Group, Place
from octotui.ui.bindings import bind_screen
from octotui.ui.clipboard import clipboard_text, copied_sentence
from octotui.ui.keymap import Keymap
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.widgets.hold_bar import HoldBar

if TYPE_CHECKING:
    from octotui.ui.app import OctotuiApp


class ActingScreen(Screen[None]):
    """Binds the actions of its `place`. Every one of them ends in a sentence, on this screen, or in another screen."""

    place: ClassVar[Place]
    also: ClassVar[Mapping[str, str]] = {}
    """Actions whose keys run another one here."""

    app: OctotuiApp
    hold_bar: HoldBar
    """Says what is held; every such screen has it below its first line."""

    def __init__(self, keymap: Keymap, glyphs: Glyphs) -> None:
        super().__init__()
        self.keymap = keymap
        self.glyphs = glyphs
        bind_screen(self, keymap, self.place, self.also)

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        """What runs each action of this place, by its id."""
        raise NotImplementedError

    def say(self, message: str, *, is_error: bool = False) -> None:
        """Show a sentence; "" takes the last one away."""
        raise NotImplementedError

    def why_not(self, action: Action) -> str:
        """Why an action of this place cannot be run now, as a sentence; "" when it can."""
        raise NotImplementedError

    def row_in_detail(self) -> Row | None:
        """The process whose details are in sight on this screen, None where none are."""
        return None

    async def rest(self) -> None:
        """End what asks a process something, and wait until nothing of it is left in that."""

    def acted(self) -> None:
        """An action was run: what is enabled may be something else now."""

    def copy(self, text: str) -> None:
        """Hand `text` to the terminal's clipboard (OSC 52) and show it, for terminals that ignore that."""
        self.app.copy_to_clipboard(clipboard_text(text))
        self.say(copied_sentence(text))

    def unavailable(self, action: Action) -> str:
        """Why any action of the table cannot be run from here, "" when it can."""
        if action.is_global:
            return self.app.program.why_not(action)
        if self.place in action.places:
            return self.why_not(action)
        if self.place is Place.PROCESSES:
            key = self.keymap.how("show-dumps" if Place.DUMPS in action.places else "details")
            return f"{action.label} works on the screen of the {_words(action)}; {key} opens it"
        return f"{action.label} works on the screen of the {_words(action)}; {self.keymap.how('back')} leads back"

    def disabled_ids(self) -> frozenset[str]:
        """The actions that have a key here and cannot be run now."""
        return frozenset(action.id for action in ACTIONS if action.is_at(self.place) and self.unavailable(action))

    def action_act(self, action_id: str) -> None:
        """Run the action of the table with that id; one that is not available now answers with the reason."""
        action = BY_ID[action_id]
        if reason := self.unavailable(action):
            self.say(reason)
            return
        if action.group is Group.MOVE:
            self.say("")
        self.handlers[action_id]()
        self.acted()


def _words(action: Action) -> str:
    return " or the ".join(place.value for place in Place if place in action.places)
