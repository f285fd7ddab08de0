"""The actions that work on every screen: help, palette, redraw, suspend, quit."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from textual.widgets import Input

from octotui.ui.actions import BY_ID, Action
from octotui.ui.screens.acting import ActingScreen
from octotui.ui.suspension import suspend, why_not_suspend

if TYPE_CHECKING:
    from octotui.ui.app import OctotuiApp


END_SECONDS = 3.0
"""How long a session may take to end before the program goes on without it."""


class ProgramHandlers:
    """Runs the global actions; what they say stands on the topmost screen that has room for a sentence."""

    def __init__(self, app: OctotuiApp) -> None:
        self._app = app

    @property
    def screen(self) -> ActingScreen:
        """The topmost screen whose keys come from the action table."""
        found = (screen for screen in reversed(self._app.screen_stack) if isinstance(screen, ActingScreen))
        return next(found, self._app.processes)

    def why_not(self, action: Action) -> str:
        """Why a global action cannot be run now, "" when it can."""
        if action.id != "suspend":
            return ""
        if self._app.host.dumps.has_running:
            cancel = self._app.keymap.how("cancel-job")
            return f"A capture runs: a suspended octotui could not let its process go on; {cancel} cancels it"
        if not self._app.processes.watching.is_idle:
            rules = self._app.keymap.how("show-rules")
            return f"Rules or holds are at work, and a suspended octotui could not look after them; {rules} lists them"
        if self._app.is_headless:
            return "There is no terminal to give back to a shell"
        return why_not_suspend()

    def act(self, action_id: str) -> None:
        if reason := self.why_not(BY_ID[action_id]):
            self.screen.say(reason)
            return
        match action_id:
            case "help":
                self._open_help()
            case "palette":
                self._open_palette()
            case "redraw":
                self._app.redraw()
                self.screen.say("The picture is painted anew")
            case "mouse":
                self.screen.say(self._app.switch_mouse(self._app.keymap.how("mouse")))
            case "suspend":
                self.screen.say("")
                self._app.run_worker(self._suspend(), group="suspend", exclusive=True, exit_on_error=False)
            case "quit":
                self.quit()

    async def _suspend(self) -> None:
        """Back to the shell, with no session left open that nobody reads meanwhile."""
        await self.end_conversations()
        self._app.app_suspend_signal.publish(self._app)
        suspend()

    async def end_conversations(self) -> None:
        """End what asks processes something; returns when that is so, or after a while at any rate."""
        screens = [screen for screen in self._app.screen_stack if isinstance(screen, ActingScreen)]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await asyncio.gather(self._app.processes.counting.rest(), *(screen.rest() for screen in screens))

    def interrupt(self) -> None:
        """Ctrl+C: copies where text is selected, and quits where none is."""
        focused = self._app.focused
        selected = focused.selected_text if isinstance(focused, Input) else self._app.screen.get_selected_text()
        if selected:
            self.screen.copy(selected)
        else:
            self.quit()

    def quit(self) -> None:
        """Leave; ask first while something would end with octotui."""
        from octotui.ui.screens.quit import QuitDialog

        app = self._app
        if isinstance(app.screen, QuitDialog):
            app.screen.dismiss(True)
        elif app.host.dumps.has_running or not app.processes.watching.is_idle:
            app.push_screen(QuitDialog(app.host.dumps, app.processes.watching, app.glyphs), self._answered)
        else:
            app.leave()

    def resumed(self) -> None:
        """Back from the shell: another program has written over the terminal meanwhile."""
        self._app.redraw()
        self._app.processes.counting.wake()
        self._app.rescan()
        self.screen.say("Back again: the picture is painted anew")

    def _answered(self, is_leaving: bool | None) -> None:
        if is_leaving:
            self._app.leave()
        elif self._app.host.dumps.has_running:
            self.screen.say("The capture goes on")
        elif not self._app.processes.watching.is_idle:
            self.screen.say("All stays as it is")

    def _open_help(self) -> None:
        from octotui.ui.screens.help import HelpScreen

        if not isinstance(self._app.screen, HelpScreen):
            screen = self.screen
            self._app.push_screen(
                HelpScreen(self._app.glyphs, self._app.keymap, place=screen.place, disabled=screen.disabled_ids())
            )

    def _open_palette(self) -> None:
        from textual.command import CommandPalette

        from octotui.ui.commands import ActionCommands

        if not isinstance(self._app.screen, CommandPalette):
            self._app.push_screen(CommandPalette([ActionCommands], placeholder="Find an action or a dump by its name"))
