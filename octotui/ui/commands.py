"""The command palette: every action of the table, the newest dumps, the themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from octotui.errors import OctotuiError
from octotui.text import printable
from octotui.ui import themes
from octotui.ui.actions import ACTIONS, Action
from octotui.ui.background import in_daemon_thread
from octotui.ui.lines.cells import short_path
from octotui.ui.screens.acting import ActingScreen

if TYPE_CHECKING:
    from octotui.ui.app import OctotuiApp

NEWEST_DUMPS = 10
"""How many dumps of the store are offered."""

_PATH_WIDTH = 66


@dataclass(frozen=True, slots=True)
class Command:
    """One entry. `help` says what it does, or why it cannot be done now; then choosing it says that as well."""

    title: str
    help: str
    run: Callable[[], None]
    is_enabled: bool = True

    def content(self, title: Content | None = None) -> Content:
        """Title and help in two lines; the whole is dim where the command cannot be run."""
        shown = Content.assemble(title or Content(self.title), "\n", (f"  {self.help}", "dim"))
        return shown if self.is_enabled else shown.stylize("dim")


class ActionCommands(Provider):
    """Offers what can be done on the screen below first, then what cannot be done there now, with the reason."""

    _dumps: tuple[str, ...] = ()

    async def startup(self) -> None:
        self._dumps = await _recent_dumps(self._program)

    async def discover(self) -> Hits:
        for command in self._commands():
            yield DiscoveryHit(command.content(), command.run, text=command.title)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands():
            score = max(matcher.match(command.title), 0.5 * matcher.match(f"{command.title} {command.help}"))
            if score > 0:
                # What cannot be done now goes below what can.
                score = score if command.is_enabled else score / 10
                title = matcher.highlight(command.title)
                yield Hit(score, command.content(title), command.run, text=command.title)

    @property
    def _program(self) -> OctotuiApp:
        return cast("OctotuiApp", self.app)

    def _commands(self) -> Iterator[Command]:
        screen = self._program.program.screen
        commands = [self._command(action, screen) for action in ACTIONS if action.id != "palette"]
        yield from (command for command in commands if command.is_enabled)
        for path in self._dumps:
            shown = printable(path)
            title = self._program.glyphs.text(f"Dump {shown.rpartition('/')[2]}")
            where = self._program.glyphs.text(short_path(shown, _PATH_WIDTH))
            yield Command(title, f"Copy its path: {where}", partial(screen.copy, path))
        for name in themes.NAMES:
            yield Command(f"Theme: {name}", "Change the colours", partial(self._use_theme, screen, name))
        yield from (command for command in commands if not command.is_enabled)

    def _command(self, action: Action, screen: ActingScreen) -> Command:
        app = self._program
        keys = app.keymap.text(action.id)
        title = app.glyphs.text(f"{action.label}  {keys}" if keys else action.label)
        if reason := screen.unavailable(action):
            return Command(title, app.glyphs.text(reason), partial(screen.say, reason), is_enabled=False)
        run = app.action_global_act if action.is_global else screen.action_act
        return Command(title, app.glyphs.text(action.help), partial(run, action.id))

    def _use_theme(self, screen: ActingScreen, name: str) -> None:
        self._program.theme = themes.theme_name(name)
        screen.say(f'The colours are {name}; a setting keeps them: theme = "{name}"')


async def _recent_dumps(app: OctotuiApp) -> tuple[str, ...]:
    """Paths of this session's dumps and of the newest of the store, each once, newest first."""
    jobs = [job.result for job in reversed(app.processes.captures.jobs) if job.result]
    paths = [str(result.path) for result in jobs if result.path]
    try:
        records = await in_daemon_thread(app.host.store.records)
    except (OctotuiError, OSError):
        # The screen of the dumps says what is wrong with the store; here its dumps are only missing.
        records = ()
    newest = sorted(records, key=lambda record: record.taken_at, reverse=True)[:NEWEST_DUMPS]
    paths += [str(record.path) for record in newest if record.path]
    return tuple(dict.fromkeys(paths))
