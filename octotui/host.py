"""The composition root: this host's process table, what it means to Octopus, dump service and watch, for both faces."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from octotui import locations
from octotui.config import Settings
from octotui.dotnet.observer import Observer
from octotui.dotnet.probe import DotnetProbe
from octotui.dumps.catching.watch import Watch
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.keeping.limits import Fullness, Limits
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.store import Store
from octotui.dumps.keeping.usage import fullness
from octotui.dumps.service import DumpService
from octotui.dumps.survival.recovery import recover, unsettled
from octotui.errors import OctotuiError, Refused
from octotui.octopus.meaning import OctopusInterpreter
from octotui.octopus.roles import Role, classify
from octotui.octopus.secrets import redact
from octotui.octopus.workfiles import HostWorkFiles
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, ProcessSource, Sample, Snapshot
from octotui.processes.recordings.recorder import Recorder
from octotui.processes.sampler import Sampler
from octotui.processes.source import open_source

if TYPE_CHECKING:
    from octotui.analysis.files import AnalysisFiles
    from octotui.analysis.model import ProcessAnalysis


class Host:
    """The machine octotui runs on: samples of its processes, the service that captures them, the watch that
    catches them, the observer that asks them.

    `settings.output` is for the requests: the store, its journal and its history stay where they are.
    """

    replay = None

    def __init__(
        self,
        settings: Settings,
        source: ProcessSource,
        sampler: Sampler,
        store: Store,
        recording: Recorder | None = None,
    ) -> None:
        self.settings = settings
        self.recording = recording
        self.store = store
        self._source = source
        self._sampler = sampler
        self._sample: Sample | None = None
        self._is_selective = False
        self.limits = Limits.parse(settings.quota, settings.keep_free)
        self.observer = Observer(headroom=Surroundings().room_in_cgroup)
        self.dumps = DumpService(store, limits=self.limits, conversations=self.observer.conversations)
        self.watch = Watch(self.dumps, take_analysis=self.take_analysis)

    @classmethod
    def open(cls, settings: Settings, recording: Recorder | None = None, *, is_following: bool = False) -> Host:
        """A host whose samples `recording` keeps; `is_following`: they will be taken for long.

        Raises UsageError when the limits of the settings make no sense.
        """
        source, store = open_source(redact, is_following=is_following), Store(locations.store_directory())
        return cls(settings, source, Sampler(_Interpreter()), store, recording)

    async def take_analysis(
        self, sample: Sample, key: ProcessKey, directory: Path | None, on_step: Callable[[str], None]
    ) -> AnalysisFiles:
        """Asks one process for its stacks and writes what it told; in `directory`, else where analyses are kept.

        Raises OctotuiError.
        """
        from octotui.analysis.files import write
        from octotui.analysis.taking import take

        # A sample of its first moments, or of a hold at its start, found no runtime yet: it is asked itself.
        known = replace(sample.meaning(key), dotnet=None)
        sample = replace(sample, meanings={**sample.meanings, key: known})
        busy = self.observer.conversations.busy_with(key)
        if busy:
            on_step(f"waits for {busy} of process {key.pid} to end")
        analysis = await take(self.observer, sample, (key,), on_step=None if busy else on_step)
        failure = next((one.failure for one in analysis.processes), None)
        if failure is not None:
            raise failure
        if not any(one.looks for one in analysis.processes):
            raise Refused(f"process {key.pid} is not a .NET process", hint="octotui tree", code="not-dotnet")
        analysis = replace(analysis, processes=tuple(map(self._as_known_now, analysis.processes)))
        return await asyncio.to_thread(write, analysis, directory or locations.analyses_directory())

    def _as_known_now(self, process: ProcessAnalysis) -> ProcessAnalysis:
        """One that has just started is looked at before a sample shows its family, by which its task is known."""
        meaning = self._sample.meaning(process.key) if self._sample is not None else Meaning()
        if not meaning.task:
            return process
        return replace(
            process, role=meaning.role, task=meaning.task, instance=meaning.instance, version=meaning.version
        )

    def read_sample(self, keep: Collection[ProcessKey] = (), watched: Set[ProcessKey] | None = None) -> Sample:
        """One scan of the host. Blocks for milliseconds; call it from one thread at a time.

        Ghosts in `keep` stay; the figures of the processes in `watched` are read anew, those of all where it is None.
        """
        self._is_selective = watched is not None
        self._sample = self._sampler.advance(self._source.read(watched), keep=keep)
        if self.recording is not None:
            self.recording.take(self._sample)
        return self._sample

    def look_around(self) -> None:
        """Read all that there is to know of every process, so that the first sample is as cheap as all after it.

        Costs 100 microseconds of CPU a process, and several times that beside a thread that computes. Obstacles are
        left to the first sample.
        """
        with contextlib.suppress(OctotuiError, OSError):
            self._source.read(None)

    def events_descriptor(self) -> int | None:
        return self._source.events_descriptor()

    def listen(self) -> bool:
        """Takes in what the kernel told of starts and ends; whether Octopus is concerned, so that a scan is worth it.

        Where all processes are watched something always happens, and the scans go by their interval.
        """
        heard = self._source.listen()
        return self._is_selective and any(self._is_octopus(process) for process in heard)

    def _is_octopus(self, process: ProcessInfo) -> bool:
        """Whether it has a part in Octopus: by itself, or below a process that has."""
        if classify(process).role is not Role.NONE:
            return True
        sample = self._sample
        if sample is None:
            return False
        parent = sample.snapshot.pids.get(process.parent_pid)
        keys = (process.key,) if parent is None else (process.key, parent)
        return any(sample.meaning(key).role not in ("", Role.NONE) for key in keys)

    def close(self) -> None:
        """Close what the source keeps open. Samples can be read on, without events."""
        self._source.close()

    def settle_interrupted(self) -> tuple[DumpRecord, ...]:
        """Finishes or clears the captures of an octotui that was killed; the records that came of it. Blocks."""
        return recover(self.store)

    def has_interrupted(self) -> bool:
        """Whether such captures are left, for instance while a dump is still being written. Blocks for milliseconds."""
        return bool(unsettled(self.store))

    def fullness(self) -> Fullness:
        """How the store stands to its limits. Blocks for milliseconds; raises OSError."""
        return fullness(self.store.directory, self.limits)


class _Interpreter:
    """What processes mean to Octopus, with the .NET probe told of each new snapshot first."""

    def __init__(self) -> None:
        self._probe = DotnetProbe()
        self._octopus = OctopusInterpreter(files=HostWorkFiles(), own_pid=os.getpid(), is_dotnet=self._probe)

    def __call__(self, snapshot: Snapshot) -> Mapping[ProcessKey, Meaning]:
        self._probe.begin(snapshot)
        return self._octopus(snapshot)
