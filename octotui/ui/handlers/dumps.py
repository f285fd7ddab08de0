"""What is done with the entry under the cursor of the dumps: copy, verify, remove, cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from octotui.errors import OctotuiError
from octotui.ui.actions import Action
from octotui.ui.background import in_daemon_thread
from octotui.ui.lines.dumps import record_name
from octotui.ui.lines.jobs import job_name
from octotui.units import bytes_text

if TYPE_CHECKING:
    from octotui.dumps.keeping.records import DumpRecord
    from octotui.ui.screens.dumps import DumpsScreen
    from octotui.ui.screens.processes import ProcessesScreen

READ_ONLY = "Read-only (an option or a setting): nothing is removed; octotui dumps export copies one"

_FURTHEST = 1 << 20


class DumpHandlers:
    """Handlers of the screen of the dumps. A dump is read again and removed in a thread; the screen never waits."""

    def __init__(self, screen: DumpsScreen, processes: ProcessesScreen) -> None:
        self._screen = screen
        self._processes = processes
        self._is_reading = False

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        move = self._screen.move
        return {
            "cursor-up": lambda: move(-1),
            "cursor-down": lambda: move(1),
            "page-up": lambda: move(-10),
            "page-down": lambda: move(10),
            "cursor-first": lambda: move(-_FURTHEST),
            "cursor-last": lambda: move(_FURTHEST),
            "copy-path": self.copy,
            "cancel-job": self.cancel,
            "verify-dump": self.verify,
            "remove-dump": self.remove,
            "show-processes": self.leave,
            "show-rules": lambda: self._processes.watches.open_rules(self._screen),
            "hold": lambda: self._processes.watches.hold(self._screen, None),
            "back": self.leave,
        }

    def why_not(self, action: Action) -> str:
        """Why an action is not available for the entry under the cursor, "" when it is."""
        entry, record = self._screen.selected, self._screen.record
        match action.id:
            case "hold" if not self._processes.watching.holds:
                return "No process is held"
            case "copy-path" if entry is None or not entry.path:
                return "This entry has no file"
            case "cancel-job" if entry is None or entry.job is None or entry.job.state.is_over:
                return "Nothing to cancel here: it is over"
            case "verify-dump" if record is None or record.path is None:
                return "This entry has no file to verify"
            case "verify-dump" if self._is_reading:
                return "A dump is being verified already"
            case "remove-dump" if self._processes.settings.read_only:
                return READ_ONLY
            case "remove-dump" if record is None:
                return "This entry has nothing to remove"
        return ""

    def leave(self) -> None:
        self._screen.dismiss(None)

    def copy(self) -> None:
        entry = self._screen.selected
        if entry is not None:
            self._screen.copy(entry.path)

    def cancel(self) -> None:
        entry = self._screen.selected
        if entry is not None and entry.job is not None:
            self._processes.dumps.cancel(entry.job.id)
            self._screen.say(f"Cancelling {job_name(entry.job)}: the target resumes and no half file stays")

    def verify(self) -> None:
        record = self._screen.record
        if record is not None:
            self._is_reading = True
            self._screen.run_worker(self._verify(record), group="verify", exit_on_error=False)

    async def _verify(self, record: DumpRecord) -> None:
        """Reads all of the dump again; leaving the screen ends it."""
        from octotui.dumps.keeping.recheck import recheck

        screen, name = self._screen, record_name(record)

        def told(done: int) -> None:
            screen.note(f"Verifying {name}: {bytes_text(done)} of {bytes_text(record.size_bytes)}")

        told(0)
        try:
            found = await in_daemon_thread(lambda: recheck(record, told, lambda: not screen.is_running))
        except (OctotuiError, OSError) as error:
            screen.say(f"{name}: {error}", is_error=True)
        else:
            words = "; ".join(found.differences) or "; ".join(found.notes) or "as it was recorded"
            state = "whole" if found.is_good else "not what was recorded"
            screen.say(f"{name} is {state}: {words}", is_error=not found.is_good)
        finally:
            self._is_reading = False

    def remove(self) -> None:
        from octotui.ui.screens.remove import RemoveDialog

        record = self._screen.record
        if record is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._screen.run_worker(self._remove(record), group="remove", exit_on_error=False)
            else:
                self._screen.say(f"{record_name(record)} is kept")

        self._screen.app.push_screen(RemoveDialog(record, self._screen.glyphs), answered)

    async def _remove(self, record: DumpRecord) -> None:
        try:
            await in_daemon_thread(lambda: self._processes.host.store.remove(record))
        except (OctotuiError, OSError) as error:
            self._screen.say(str(error), is_error=True)
        else:
            self._processes.captures.note_removed(str(record.path))
            self._screen.say(f"Removed {record_name(record)}, {bytes_text(record.size_bytes)}")
        self._screen.read_store()
