"""The application: themes, the sampling worker, the worker that follows dumps, and an orderly end."""

from __future__ import annotations

import asyncio
import getpass
import signal
import sys
from typing import TYPE_CHECKING

from textual import work
from textual.app import SystemCommand
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey, Sample
from octotui.text import printable
from octotui.ui.actions import BY_ID, keys_text
from octotui.ui.background import in_daemon_thread
from octotui.ui.bindings import global_bindings
from octotui.ui.driver import is_terminal_gone
from octotui.ui.lines.glyphs import glyphs
from octotui.ui.lines.recovered import STILL_WRITTEN, recovered_sentence
from octotui.ui.ports import HostPort
from octotui.ui.screens.processes import ProcessesScreen
from octotui.ui.stylesheets import stylesheet_paths
from octotui.ui.terminal import TerminalApp

if TYPE_CHECKING:
    from octotui.dumps.keeping.records import DumpRecord

SECOND_SAMPLE_SECONDS = 0.4
"""How soon after the first sample the second one is taken, for rates."""

SHARE_OF_A_CORE = 20
"""The pause between scans is at least this many times as long as a scan."""

SETTLE_AGAIN_SECONDS = 2.0
"""How soon a dump that was still being written is looked at again."""

_WIDTHS = [(0, "-tiny"), (40, "-narrow"), (60, "-normal"), (120, "-wide"), (160, "-huge")]
_HEIGHTS = [(0, "-flat"), (5, "-low"), (12, "-tall")]

LOST_TERMINAL = 129
"""Exit status after a hangup, as a shell would give it."""


class OctotuiApp(TerminalApp):
    """Composition of the screen. `host` is closed by whoever opened it; its dump service is closed on quitting."""

    CSS_PATH = stylesheet_paths()  # type: ignore[assignment]
    TITLE = "octotui"
    BINDINGS = global_bindings()
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    def __init__(self, host: HostPort) -> None:
        super().__init__(theme=host.settings.theme, is_mouse_on=host.settings.mouse)
        self.host = host
        self.glyphs = glyphs(host.settings.ascii)
        self.processes = ProcessesScreen(host, self.glyphs, user=user_name())
        self._rescan = asyncio.Event()

    def get_default_screen(self) -> Screen[None]:
        return self.processes

    def on_mount(self) -> None:
        self.draw_plainly(self.glyphs.is_ascii)
        self._follow_processes()
        self._follow_dumps()
        if not self.host.settings.read_only:
            self._settle_interrupted()
        self._watch_terminal()

    def rescan(self) -> None:
        """Take the next sample now."""
        self._rescan.set()

    @work(group="scan", exit_on_error=False)
    async def _follow_processes(self) -> None:
        """One scan at a time, in a thread; the pause after it grows with what it cost."""
        is_first = True
        while True:
            try:
                sample = await in_daemon_thread(self._read)
            except (OctotuiError, OSError) as error:
                self.processes.report_problem(printable(str(error)))
            else:
                self.processes.take(sample)
                pause = max(self.processes.interval_seconds, SHARE_OF_A_CORE * sample.snapshot.scan_seconds)
                await self._pause(SECOND_SAMPLE_SECONDS if is_first else pause)
                is_first = False
                continue
            await self._pause(self.processes.interval_seconds)

    def _read(self) -> Sample:
        return self.host.read_sample(self._kept())

    def _kept(self) -> frozenset[ProcessKey]:
        return self.processes.model.kept() | {job.key for job in self.host.dumps.jobs if not job.state.is_over}

    async def _pause(self, seconds: float) -> None:
        self._rescan.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._rescan.wait()
        except TimeoutError:
            return

    @work(group="dumps", exit_on_error=False)
    async def _follow_dumps(self) -> None:
        async for job in self.host.dumps.subscribe():
            self.processes.captures.job_changed(job)

    @work(group="recovery", exit_on_error=False)
    async def _settle_interrupted(self) -> None:
        """What an octotui that was killed left behind is finished or cleared, and said; again while it is written."""
        is_pending, was_told = True, False
        while is_pending:
            try:
                records, is_pending = await in_daemon_thread(self._settle)
            except (OctotuiError, OSError) as error:
                self.processes.say(f"An earlier capture cannot be settled: {error}", is_error=True)
                return
            if records:
                is_lost = not all(record.is_verified for record in records)
                self.processes.say(recovered_sentence(records), is_error=is_lost)
            if is_pending:
                if not (records or was_told):
                    self.processes.say(STILL_WRITTEN)
                    was_told = True
                await asyncio.sleep(SETTLE_AGAIN_SECONDS)

    def _settle(self) -> tuple[tuple[DumpRecord, ...], bool]:
        return self.host.settle_interrupted(), self.host.has_interrupted()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed is said, and one that the screen lives on is started again."""
        if event.state is not WorkerState.ERROR:
            return
        error = event.worker.error
        self.processes.say(f"octotui itself failed ({type(error).__name__}): {error}", is_error=True)
        if event.worker.group == "scan":
            self.set_timer(self.processes.interval_seconds, self._follow_processes)
        elif event.worker.group == "dumps":
            self.set_timer(self.processes.interval_seconds, self._follow_dumps)

    def action_global_act(self, action_id: str) -> None:
        match action_id:
            case "help":
                self._open_help()
            case "palette":
                self._open_palette()
            case "suspend":
                self.action_suspend_process()
            case "mouse":
                self.switch_mouse(keys_text(BY_ID["mouse"]))
            case "redraw":
                self.redraw()
                self.tell("The whole screen is painted anew")
            case "quit":
                self._ask_or_quit()

    def tell(self, words: str) -> None:
        if self.screen is self.processes:
            self.processes.say(words)
        else:
            super().tell(self.glyphs.text(words))

    async def action_quit(self) -> None:
        self._ask_or_quit()

    def _open_help(self) -> None:
        from octotui.ui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.glyphs, disabled=self.processes.rules.disabled_ids()))

    def _open_palette(self) -> None:
        from textual.command import CommandPalette

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="Find an action by its name"))

    def _ask_or_quit(self) -> None:
        from octotui.ui.screens.quit import QuitDialog

        if isinstance(self.screen, QuitDialog):
            self.screen.dismiss(True)
        elif self.host.dumps.has_running:
            self.push_screen(QuitDialog(self.host.dumps, self.glyphs), self._answered)
        else:
            self.leave()

    def _answered(self, is_leaving: bool | None) -> None:
        if is_leaving:
            self.leave()
        elif self.host.dumps.has_running:
            self.processes.say("The capture goes on")

    @work(group="leave", exit_on_error=False)
    async def leave(self, status: int = 0) -> None:
        """Close the dump service, which waits until targets run and no half file is left; then exit."""
        await self.host.dumps.aclose()
        self.exit(status, return_code=status)

    def _watch_terminal(self) -> None:
        """A hangup, a request to end, or a terminal that is gone ends the application in order."""
        loop = asyncio.get_running_loop()
        if self.is_headless or sys.platform == "win32":
            return
        loop.add_signal_handler(signal.SIGHUP, self.leave, LOST_TERMINAL)
        loop.add_signal_handler(signal.SIGTERM, self.leave, 128 + signal.SIGTERM)
        self.set_interval(1.0, self._look_at_terminal)

    def _look_at_terminal(self) -> None:
        if is_terminal_gone():
            self.leave(LOST_TERMINAL)
        elif getattr(self._driver, "take_left_out", bool)():
            self.redraw()

    def get_system_commands(self, screen: Screen[object]) -> list[SystemCommand]:
        """The palette: every action of the table that is enabled now, and the themes."""
        from octotui.ui.commands import palette_commands

        return palette_commands(self, screen)


def user_name() -> str:
    try:
        return printable(getpass.getuser())
    except (OSError, KeyError):
        return ""


def run(host: HostPort) -> int:
    """Show the screen until a person quits. Gives the exit status; the dump service is closed by then."""
    return asyncio.run(_run(OctotuiApp(host)))


async def _run(app: OctotuiApp) -> int:
    try:
        await app.run_async(mouse=app.host.settings.mouse)
    finally:
        await app.host.dumps.aclose()
    return app.return_code or 0
