"""Which method lies at an address: what a runtime told at the end of a session, named only where it is asked for."""

from __future__ import annotations

import posixpath
import struct
from bisect import bisect_right

from octotui.dotnet.nettrace.values import BadStream, Event, utf16
from octotui.dotnet.stacks import names
from octotui.dotnet.stacks.model import Frame, FrameKind

RUNDOWN = "Microsoft-Windows-DotNETRuntimeRundown"
WANTED: frozenset[tuple[str, int | None]] = frozenset({(RUNDOWN, 143), (RUNDOWN, 144), (RUNDOWN, 153), (RUNDOWN, 154)})
"""Methods and modules at the start and at the end of a session."""

MOST_METHODS = 1 << 20
MOST_MODULES = 1 << 14
_METHODS = (143, 144)
_METHOD = struct.Struct("<8xQQI4xI")
_MODULE = struct.Struct("<Q")
_MODULE_PATH = 24


class MethodTable:
    """The compiled methods of one process. Filled by `take` for each event of a rundown, then `settle`.

    A rundown tells of all methods that there are: each replaces what the one before told.
    """

    def __init__(self) -> None:
        self.cookie = ""
        self._fresh: list[tuple[int, int, int, int, bytes]] = []
        self._starts: list[int] = []
        self._methods: list[tuple[int, int, int, int, bytes]] = []
        self._modules: dict[int, str] = {}
        self._frames: dict[int, Frame | None] = {}

    def __len__(self) -> int:
        return len(self._methods)

    def forget(self, cookie: str = "") -> None:
        """The process runs another program now: nothing that was told holds."""
        self.__init__()  # type: ignore[misc]
        self.cookie = cookie

    def take(self, event: Event) -> None:
        """One event of `WANTED`. Raises BadStream for a payload that is none, and for more than there can be."""
        payload = event.payload
        try:
            if event.id in _METHODS:
                module, start, size, flags = _METHOD.unpack_from(payload)
                self._fresh.append((start, size, module, flags, payload))
            else:
                (module,) = _MODULE.unpack_from(payload)
                path = utf16(payload, _MODULE_PATH)[0]
                self._modules[module] = posixpath.splitext(posixpath.basename(path.replace("\\", "/")))[0]
        except struct.error:
            raise BadStream("a method or module that is cut short") from None
        if len(self._fresh) > MOST_METHODS or len(self._modules) > MOST_MODULES:
            raise BadStream("more methods than there can be")

    def settle(self) -> None:
        """The rundown is over: addresses can be asked for. Without one nothing changes."""
        if self._fresh:
            # Sorting is stable, so that of two methods at one address the one told last is found.
            self._methods = sorted(self._fresh, key=lambda method: method[0])
            self._starts = [method[0] for method in self._methods]
            self._fresh = []
            self._frames.clear()

    def drop(self) -> None:
        """The rundown was broken off: what it told so far is not taken."""
        self._fresh = []

    def find(self, address: int) -> Frame | None:
        """The method that `address` lies in; None when nobody told of it. Raises BadStream for a broken name."""
        if address not in self._frames:
            self._frames[address] = self._named(address)
        return self._frames[address]

    def _named(self, address: int) -> Frame | None:
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        start, size, module, flags, payload = self._methods[place]
        if address >= start + max(size, 1):
            return None
        type_name, offset = utf16(payload, _METHOD.size)
        return names.frame(self._modules.get(module, ""), type_name, utf16(payload, offset)[0], flags)


def unknown(address: int) -> Frame:
    """The frame of code that no name was found for."""
    return Frame("", f"0x{address:x}", FrameKind.UNKNOWN)
