"""The composition root: this host's process table, what it means to Octopus, and its dump service, for both faces."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Set

from octotui import locations
from octotui.config import Settings
from octotui.dotnet.probe import DotnetProbe
from octotui.dumps.keeping.limits import Fullness, Limits
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.store import Store
from octotui.dumps.keeping.usage import fullness
from octotui.dumps.service import DumpService
from octotui.dumps.survival.recovery import recover, unsettled
from octotui.octopus.meaning import OctopusInterpreter
from octotui.octopus.secrets import redact
from octotui.octopus.workfiles import HostWorkFiles
from octotui.processes.model import Meaning, ProcessKey, ProcessSource, Sample, Snapshot
from octotui.processes.recordings.recorder import Recorder
from octotui.processes.sampler import Sampler
from octotui.processes.source import open_source


class Host:
    """The machine octotui runs on: samples of its processes, and the service that captures them.

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
        self.limits = Limits.parse(settings.quota, settings.keep_free)
        self.dumps = DumpService(store, limits=self.limits)

    @classmethod
    def open(cls, settings: Settings, recording: Recorder | None = None) -> Host:
        """A host whose samples `recording` keeps. Raises UsageError when the limits of the settings make no sense."""
        store = Store(locations.store_directory())
        return cls(settings, open_source(redact), Sampler(_Interpreter()), store, recording)

    def read_sample(self, keep: Collection[ProcessKey] = (), watched: Set[ProcessKey] | None = None) -> Sample:
        """One scan of the host. Blocks for milliseconds; call it from one thread at a time.

        Ghosts in `keep` stay; the figures of the processes in `watched` are read anew, those of all where it is None.
        """
        sample = self._sampler.advance(self._source.read(watched), keep=keep)
        if self.recording is not None:
            self.recording.take(sample)
        return sample

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
