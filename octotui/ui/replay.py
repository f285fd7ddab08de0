"""A recording in the place of a host: the same screen, shown in the recorded time or step by step, nothing live."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Set
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from octotui.config import Settings
from octotui.errors import OctotuiError, Refused
from octotui.processes.model import Ghost, ProcessKey, Sample, new_number
from octotui.processes.recordings.playback import Playback
from octotui.processes.recordings.recording import Recording
from octotui.text import printable
from octotui.ui.absent import NoDumps, NoObserver, NoStore, NoWatch
from octotui.ui.background import in_daemon_thread

if TYPE_CHECKING:
    from octotui.dumps.keeping.limits import Fullness
    from octotui.dumps.keeping.records import DumpRecord
    from octotui.ui.screens.processes import ProcessesScreen

NOT_LIVE = "replay: live facts are not read"


class Replay:
    """Shows the samples of a recording on the process screen, as its playback says. Belongs to the event loop."""

    def __init__(self, recording: Recording) -> None:
        self.playback = Playback(recording.moments)
        self._recording = recording
        self._changed = asyncio.Event()
        self._shown: tuple[int, Sample] | None = None

    def words(self) -> tuple[str, ...]:
        """For the status line: speed, the recorded time, which sample of how many, and whether it stands."""
        playback = self.playback
        taken_at = "" if self._shown is None else f"{self._shown[1].snapshot.taken_at:%H:%M:%SZ}"
        state = "end" if playback.is_at_end else "paused" if playback.is_paused else ""
        parts = (
            f"replay {playback.speed:g}x",
            taken_at,
            f"{playback.index + 1:>{len(str(playback.count))}}/{playback.count}",
            state,
        )
        return tuple(part for part in parts if part)

    def changed(self) -> None:
        """The playback was changed by hand: show what it says now."""
        self._changed.set()

    async def follow(self, screen: ProcessesScreen) -> NoReturn:
        """Show one sample after the other; what cannot be read is said, and the sample before stays."""
        if self._recording.cut:
            screen.say(self._recording.cut, is_error=True)
        while True:
            self._changed.clear()
            await self._show(screen)
            try:
                async with asyncio.timeout(self.playback.wait_seconds()):
                    await self._changed.wait()
            except TimeoutError:
                self.playback.step(1)

    async def _show(self, screen: ProcessesScreen) -> None:
        index = self.playback.index
        if self._shown is not None and self._shown[0] == index:
            if screen.app.screen is screen:
                screen.redraw()
            return
        try:
            sample = await in_daemon_thread(partial(self._recording.sample, index))
        except (OctotuiError, ValueError) as error:
            screen.report_problem(printable(str(error)))
            return
        before = self._shown
        if before is not None:
            sample = with_ghosts(sample, before[1], screen.model.kept())
        self._shown = (index, sample)
        screen.take(sample)
        if self.playback.is_at_end and before is not None:
            screen.say(f"{self._recording.cut or 'The replay ends here'}; P plays it again, comma steps back")


def with_ghosts(sample: Sample, before: Sample, keep: Collection[ProcessKey]) -> Sample:
    """`sample` with those of `keep` that `before` showed and that have ended since, so that a cursor keeps its row."""
    now = sample.snapshot.monotonic
    is_later = before.snapshot.monotonic <= now
    missing: dict[ProcessKey, Ghost] = {}
    for key in keep:
        if key in sample.snapshot.processes or key in sample.ghosts:
            continue
        ghost = before.ghosts.get(key)
        process = before.process(key)
        if ghost is None and process is not None and is_later:
            ghost = Ghost(process, before.meaning(key), now)
        if ghost is not None and ghost.exited_monotonic <= now:
            missing[key] = ghost
    if not missing:
        return sample
    return replace(sample, ghosts={**sample.ghosts, **missing}, structure=new_number())


class ReplayHost:
    """A recording as the screen's host. It reads nothing of this machine."""

    recording = None

    def __init__(self, settings: Settings, recording: Recording) -> None:
        self.settings = settings
        self.dumps = NoDumps()
        self.watch = NoWatch()
        self.observer = NoObserver()
        self.store = NoStore()
        self.replay = Replay(recording)

    def read_sample(self, keep: Collection[ProcessKey] = (), watched: Set[ProcessKey] | None = None) -> NoReturn:
        raise Refused("a replay scans no process", hint="octotui without --replay")

    def events_descriptor(self) -> int | None:
        return None

    def listen(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is kept open."""

    def settle_interrupted(self) -> tuple[DumpRecord, ...]:
        return ()

    def has_interrupted(self) -> bool:
        return False

    def fullness(self) -> Fullness:
        raise FileNotFoundError("a replay has no store")
