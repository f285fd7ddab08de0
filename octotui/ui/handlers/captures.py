"""Capturing: requests made at the press, the plan dialog, jobs and what became of them, the clipboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from octotui.dumps.arming.state import Stage
from octotui.dumps.model import DumpPlan, DumpRequest
from octotui.dumps.results import Job, JobState
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey
from octotui.processes.view import Row
from octotui.ui.ends import Ends
from octotui.ui.lines.holds import held_note
from octotui.ui.lines.jobs import end_sentence, job_name, target_name

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen


class CaptureHandlers:
    """Handlers that ask the dump service for something. The keys of a request are frozen when the key is pressed."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen
        self._removed: set[str] = set()
        self._ends = Ends()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of this session and the captures at an end, without those whose dump was removed since."""
        jobs = self._ends.among(self._screen.dumps.jobs, self._screen.watching.watch.results)
        return tuple(job for job in jobs if not (job.result and str(job.result.path) in self._removed))

    def note_removed(self, path: str) -> None:
        """The dump at `path` is gone: nothing shows or copies its path any more."""
        self._removed.add(path)
        self._screen.show_jobs()

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        return {
            "dump-tree": lambda: self._plan(self._marks_or_tree(), is_only_shown=False),
            "dump-one": lambda: self._plan(self._one(), is_only_shown=False),
            "show-plan": lambda: self._plan(self._marks_or_tree(), is_only_shown=True),
            "cancel-job": self.cancel,
            "copy-path": self.copy_path,
            "copy-command": self.copy_command,
        }

    def job_changed(self, job: Job) -> None:
        """Show the job as it is now; its end is said in the message bar as well."""
        self._screen.show_jobs()
        if job.state.is_over and job.result is not None:
            is_bad = job.state not in (JobState.FINISHED, JobState.CANCELLED)
            self._screen.say(end_sentence(job.result), is_error=is_bad)

    def cancel(self) -> None:
        """Cancel the job that runs, or else the one that waits first, or else a capture at an end."""
        live = [job for job in self._screen.dumps.jobs if not job.state.is_over]
        running = [job for job in live if job.state is not JobState.QUEUED]
        job = next(iter(running or live), None)
        if job is None:
            self._cancel_trace()
            return
        self._screen.dumps.cancel(job.id)
        self._screen.say(f"Cancelling {job_name(job)}: the target resumes and no half file stays")

    def _cancel_trace(self) -> None:
        """Trace the process under the cursor no longer, or else the one whose end is being written."""
        traced, key = self._screen.watching.traced, self._screen.table.cursor_key
        writing = [one for one in traced if one.stage is Stage.WRITING]
        one = next((one for one in traced if one.key == key), next(iter(writing), None))
        if one is None:
            self._screen.say("No capture runs; there is nothing to cancel")
            return
        self._screen.watching.watch.cancel(one.key)
        name = target_name(one.name, one.key.pid)
        words = "it ends now, no half file stays" if one.stage is Stage.WRITING else "it runs on untraced"
        self._screen.say(f"Cancelling {name}: {words}")

    def copy_path(self) -> None:
        """The path of the newest finished dump, or the pid under the cursor."""
        paths = [job.result.path for job in self.jobs if job.result is not None and job.result.path]
        row = self._screen.table.cursor_row
        if paths:
            self._screen.copy(str(paths[-1]))
        elif row is not None:
            self._screen.copy(str(row.process.pid))
        else:
            self._screen.say("There is nothing to copy")

    def copy_command(self) -> None:
        row = self._screen.table.cursor_row
        if row is not None:
            self._screen.copy(row.process.command)

    def _how(self, action_id: str) -> str:
        return self._screen.keymap.how(action_id)

    def _marks_or_tree(self) -> DumpRequest | None:
        model = self._screen.model
        if model.state.marks:
            keys = model.alive(key for key in model.forest if key in model.state.marks)
            if not keys:
                self._screen.say(
                    f"All marked processes have ended; {self._how('clear-marks')} clears the marks", is_error=True
                )
                return None
            return self._request(keys, keys)
        row = self._living_row()
        return None if row is None else self._request(model.tree_of(row.key), (row.key,))

    def _one(self) -> DumpRequest | None:
        row = self._living_row()
        return None if row is None else self._request((row.key,), (row.key,))

    def _living_row(self) -> Row | None:
        """The row under the cursor if its process lives; otherwise the reason why not is said."""
        row = self._screen.table.cursor_row
        if row is None:
            self._screen.say("There is no process under the cursor")
        elif not self._screen.model.alive((row.key,)):
            self._screen.say(f"{self._screen.name_of(row)} has ended; there is nothing left to capture", is_error=True)
        else:
            return row
        return None

    def _request(self, keys: tuple[ProcessKey, ...], explicit: Iterable[ProcessKey]) -> DumpRequest:
        return DumpRequest(keys, frozenset(explicit), destination=self._screen.host.settings.output)

    def _plan(self, request: DumpRequest | None, *, is_only_shown: bool) -> None:
        sample = self._screen.model.latest
        if request is None or sample is None:
            return
        from octotui.ui.screens.confirm_dump import ConfirmDump, StacksFirst

        screen, held = self._screen, [h for h in self._screen.watching.holds if h.key in request.keys]
        if len(request.keys) == 1 and held and held[0].is_early and not is_only_shown:
            screen.watches.capture_early(screen, held[0])
            return
        dialog = ConfirmDump(
            screen.dumps, request, sample, screen.glyphs, is_only_shown=is_only_shown,
            notes=[held_note(hold) for hold in held],
            stacks=StacksFirst(
                lambda keys: screen.stacks.open_all(screen, keys), lambda: screen.model.latest,
                screen.keymap.of("show-stacks"), screen.keymap.name("show-stacks"),
            ),
        )  # fmt: skip
        self._screen.app.push_screen(dialog, self._submit)

    def _submit(self, plan: DumpPlan | None) -> None:
        if plan is None:
            self._screen.say("Nothing was captured")
            return
        try:
            jobs = self._screen.dumps.submit(plan)
        except OctotuiError as error:
            self._screen.say(str(error), is_error=True)
            return
        names = ", ".join(job_name(job) for job in jobs)
        self._screen.say(f"Capturing {names}; {self._how('cancel-job')} cancels")
        self._screen.show_jobs()
