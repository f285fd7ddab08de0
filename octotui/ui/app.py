"""The application: themes, the sampling worker, the worker that follows dumps, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import getpass
import signal
import sys

from textual import work
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey
from octotui.text import printable
from octotui.ui.background import in_daemon_thread
from octotui.ui.bindings import bind_program
from octotui.ui.driver import is_terminal_gone
from octotui.ui.handlers.program import ProgramHandlers
from octotui.ui.keymap import make_keymap
from octotui.ui.lines.glyphs import glyphs
from octotui.ui.lines.recovered import STILL_WRITTEN, recovered_sentence
from octotui.ui.ports import HostPort
from octotui.ui.sampling import Sampling
from octotui.ui.screens.processes import ProcessesScreen
from octotui.ui.stylesheets import stylesheet_paths
from octotui.ui.telling import FollowedWatch
from octotui.ui.terminal import TerminalApp

CONDITION_SECONDS = 1.0
"""The longest interval while a rule waits for figures."""

SETTLE_AGAIN_SECONDS = 2.0
"""How soon a dump that was still being written is looked at again."""

_WIDTHS = [(0, "-tiny"), (40, "-narrow"), (60, "-normal"), (120, "-wide"), (160, "-huge")]
_HEIGHTS = [(0, "-flat"), (5, "-low"), (12, "-tall")]

LOST_TERMINAL = 129
"""Exit status after a hangup, as a shell would give it."""


class OctotuiApp(TerminalApp):
    """Composition of the screen. `host` is closed by whoever opened it; its dump service is closed on quitting.

    Raises UsageError where the settings bind keys that make no sense.
    """

    CSS_PATH = stylesheet_paths()  # type: ignore[assignment]
    TITLE = "octotui"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    def __init__(self, host: HostPort) -> None:
        super().__init__(theme=host.settings.theme, is_mouse_on=host.settings.mouse)
        self.host = host
        self.glyphs = glyphs(host.settings.ascii)
        self.keymap = make_keymap(host.settings.keys)
        bind_program(self, self.keymap)
        self.program = ProgramHandlers(self)
        self.processes = ProcessesScreen(host, self.glyphs, self.keymap, user=user_name())
        self.sampling = Sampling(
            host,
            interval_seconds=self._interval_seconds,
            kept=self._kept,
            watched=self._watched,
        )
        self.followed = FollowedWatch(self)

    def get_default_screen(self) -> Screen[None]:
        return self.processes

    def on_mount(self) -> None:
        self.draw_plainly(self.glyphs.is_ascii)
        self._follow_processes()
        self._follow_dumps()
        self._follow_watch()
        if not self.host.settings.read_only:
            self._settle_interrupted()
        self._watch_terminal()
        self.app_resume_signal.subscribe(self, lambda _: self.program.resumed())

    def rescan(self) -> None:
        """Take the next sample now."""
        self.sampling.rescan()

    @work(group="scan", exit_on_error=False)
    async def _follow_processes(self) -> None:
        """Shows one sample after the other, as they come. A replay goes its own way."""
        if self.host.replay is not None:
            await self.host.replay.follow(self.processes)
        is_settled = False
        while True:
            try:
                sample = await self.sampling.next_sample()
            except (OctotuiError, OSError) as error:
                self.processes.report_problem(printable(str(error)))
            else:
                self.processes.watching.watch.see(sample)
                self.processes.take(sample)
                self.show_holds()
            if not is_settled:
                # What stands by now stays: looking through it for garbage would hold up the loop now and then.
                gc.freeze()
                gc.enable()
                is_settled = True

    def _kept(self) -> frozenset[ProcessKey]:
        jobs = {job.key for job in self.host.dumps.jobs if not job.state.is_over}
        return self.processes.model.kept() | self.processes.watching.kept() | jobs

    def _interval_seconds(self) -> float:
        """Rules that wait for figures need them every second, whatever is shown."""
        wanted = self.processes.interval_seconds
        return min(wanted, CONDITION_SECONDS) if self.host.watch.wants_samples else wanted

    def _watched(self) -> frozenset[ProcessKey] | None:
        watched = self.processes.model.watched()
        return None if watched is None else watched | self.host.watch.watched

    def show_holds(self) -> None:
        """Say on every screen what is held now."""
        self.followed.show()

    @work(group="watch", exit_on_error=False)
    async def _follow_watch(self) -> None:
        """Tells the news of rules and holds as they come."""
        async for news in self.host.watch.subscribe():
            self.followed.tell(news)

    @work(group="dumps", exit_on_error=False)
    async def _follow_dumps(self) -> None:
        async for job in self.host.dumps.subscribe():
            self.processes.captures.job_changed(job)

    @work(group="recovery", exit_on_error=False)
    async def _settle_interrupted(self) -> None:
        """What an octotui that was killed left behind is finished or cleared, and said; again while it is written."""
        host, is_pending, was_told = self.host, True, False
        while is_pending:
            try:
                records, is_pending = await in_daemon_thread(
                    lambda: (host.settle_interrupted(), host.has_interrupted())
                )
            except (OctotuiError, OSError) as error:
                self.processes.say(f"An earlier capture cannot be settled: {error}", is_error=True)
                return
            if records:
                is_lost = not all(record.is_verified for record in records)
                self.processes.say(recovered_sentence(records, self.keymap.how("show-dumps")), is_error=is_lost)
            if is_pending:
                if not (records or was_told):
                    self.processes.say(STILL_WRITTEN)
                    was_told = True
                await asyncio.sleep(SETTLE_AGAIN_SECONDS)

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
        elif event.worker.group == "watch":
            self.set_timer(self.processes.interval_seconds, self._follow_watch)

    def action_global_act(self, action_id: str) -> None:
        self.program.act(action_id)

    def action_interrupt(self) -> None:
        self.program.interrupt()

    async def action_quit(self) -> None:
        self.program.quit()

    @work(group="leave", exit_on_error=False)
    async def leave(self, status: int = 0) -> None:
        """Close the watch, which lets everything go, and the dump service, which waits until targets run and no half
        file is left; then exit. No session stays open in a process that was asked something."""
        await self.program.end_conversations()
        try:
            await self.host.watch.aclose()
        finally:
            try:
                await self.host.dumps.aclose()
            finally:
                await self.host.observer.aclose()
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
        try:
            await app.host.watch.aclose()
        finally:
            try:
                await app.host.dumps.aclose()
            finally:
                await app.host.observer.aclose()
                app.host.close()
    return app.return_code or 0
