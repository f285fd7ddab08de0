"""What each step of a plan costs and what it is written to, by the host as it is and by what the history tells."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends.base import Availability, Backend
from octotui.dumps.disk.filesystems import file_system_of, nearest_existing
from octotui.dumps.estimating.estimates import estimate
from octotui.dumps.estimating.history import History, device_name
from octotui.dumps.estimating.media import Circumstances, MediumChoice, choose_medium
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpRequest, DumpType, Estimate, Medium, Order, Remark, Severity, Target
from octotui.dumps.rights import Rights
from octotui.dumps.staged.places import choose_place
from octotui.dumps.staged.shared_memory import home_of, why_not_in_memory
from octotui.errors import Refused
from octotui.units import bytes_text

IPC = "ipc"

BY_TARGET = (IPC, "dotnet-dump")
"""They have the target's own runtime write the dump."""


@dataclass(frozen=True, slots=True)
class Preferred:
    """The backend that shall do it; `set_aside` has those that could, and why they had better not, by name."""

    backend: Backend
    found: Availability
    set_aside: Mapping[str, str]


def preferred(probes: Sequence[tuple[Backend, Availability]], why_not_by_target: str) -> Preferred | None:
    """The first backend that can do it; the target's own runtime last where something speaks against that."""
    able = [(backend, found) for backend, found in probes if found.ok]
    able = [(backend, found) for backend, found in able if found.type is None] or able
    if not able:
        return None
    others = [(backend, found) for backend, found in able if backend.name not in BY_TARGET]
    if why_not_by_target and others and len(others) < len(able):
        backend, found = others[0]
        if able[0][0].name != IPC:
            return Preferred(backend, found, {IPC: why_not_by_target})
        reason = f"{found.reason}; the target's runtime had better not write it: {why_not_by_target}"
        return Preferred(backend, replace(found, reason=reason), {IPC: why_not_by_target})
    return Preferred(*able[0], {})


def refused_medium(target: Target, choice: MediumChoice) -> Remark:
    """The refusal of a step whose medium was asked for by name and cannot be had."""
    message = f"the dump of process {target.key.pid} ({target.name}) cannot be put into memory: {choice.reason}"
    return Remark(Severity.REFUSAL, "no-memory", message, "use --staging disk, or --type mini", target.key)


@dataclass(frozen=True, slots=True)
class Cost:
    """`medium` is refused when it was asked for by name and cannot be had."""

    estimate: Estimate
    medium: MediumChoice


class Costs:
    """Of the steps of one plan, asked for in their order. Reads `/proc` and the file system, changes nothing."""

    def __init__(
        self,
        request: DumpRequest,
        store: Store,
        history: History,
        rights: Rights,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._request = request
        self._store = store
        self._history = history
        self._rights = rights
        self.surroundings = surroundings or Surroundings()
        self._destination = request.destination.absolute() if request.destination else store.directory
        self._in_memory = 0

    def of(self, facts: RuntimeFacts, type: DumpType, backend: str) -> Cost:
        """The cost of one step, and where it is written. A second step that goes to memory finds less of it left
        where the steps are captured together."""
        device = self._device(facts)
        name = device_name(device) if device >= 0 else ""
        on_disk = estimate(facts, type, backend, self._history, Medium.DISK, name)
        is_target = backend == IPC
        found = Circumstances(
            bytes=on_disk.bytes,
            type=type.value,
            backend=backend,
            device=name,
            host=self.surroundings.host_memory(max(0, device)),
            writer="the target, whose runtime writes it," if is_target else "octotui, whose child writes it,",
            writer_room=self.surroundings.room_in_cgroup(facts.key.pid)
            if is_target
            else self.surroundings.own_room_in_cgroup(),
            obstacle=why_not_in_memory(facts, home_of(self._store.state, self.surroundings.memory)),
            taken_bytes=self._in_memory if self._request.order is Order.TOGETHER else 0,
        )
        choice = choose_medium(self._request.medium, found, self._history.entries())
        if choice.medium is not Medium.MEMORY or choice.is_refused:
            return Cost(on_disk, choice)
        self._in_memory += on_disk.bytes
        in_memory = estimate(facts, type, backend, self._history, Medium.MEMORY)
        return Cost(replace(in_memory, bytes=on_disk.bytes), choice)

    def why_not_by_target(self, facts: RuntimeFacts, type: DumpType) -> str:
        """Why the target's runtime had better not write the dump itself, in words; "" when nothing speaks against it.

        What it writes counts against the memory limit of its control group: until it is written back, and in memory
        for as long as it lies there.
        """
        room = self.surroundings.room_in_cgroup(facts.key.pid)
        if room is None:
            return ""
        size = estimate(facts, type, IPC, self._history).bytes
        if room >= size:
            return ""
        return (
            f"its memory limit leaves {bytes_text(room)}, and what its runtime writes counts against it, "
            f"about {bytes_text(size)}"
        )

    def _device(self, facts: RuntimeFacts) -> int:
        """The disk that the dump is written to while the target stands still; -1 when there is none."""
        try:
            place = choose_place(facts, self._rights, nearest_existing(self._destination), self._store.staging)
            return file_system_of(Path(os.fspath(place.outside))).device
        except (Refused, OSError):
            return -1
