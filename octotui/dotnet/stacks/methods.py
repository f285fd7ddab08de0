"""Which method lies at an address: what a runtime told at the end of a session, named only where it is asked for."""

from __future__ import annotations

import contextlib
import struct
from bisect import bisect_right
from operator import itemgetter

from octotui.dotnet.nettrace.values import BadStream, Event, utf16_end
from octotui.dotnet.stacks import names
from octotui.dotnet.stacks.model import Frame, FrameKind

RUNDOWN = "Microsoft-Windows-DotNETRuntimeRundown"
RUNTIME = "Microsoft-Windows-DotNETRuntime"
WANTED: frozenset[tuple[str, int | None]] = frozenset(
    {(RUNDOWN, 143), (RUNDOWN, 144), (RUNDOWN, 153), (RUNDOWN, 154), (RUNTIME, 143), (RUNTIME, 152)}
)
"""Methods and modules at the start and at the end of a session, and those that are loaded while it runs."""

MOST_METHODS = 400_000
MOST_BYTES = 96 << 20
MOST_MODULES = 1 << 14
_MOST_FRAMES = 50_000
_LONGEST_STRING = 4096
_METHODS = (143, 144)
_METHOD = struct.Struct("<8xQQI4xI")
_MODULE = struct.Struct("<Q16x")

_Code = tuple[int, int, int, bytes]
"""Start, size, module, and the payload of the event that told of it."""


class MethodTable:
    """The compiled methods of one process. Filled by `take` for each event of a rundown, then `settle`.

    Kept for the life of a process by whoever looks at it: a rundown is the dear part of a look. Names are made for
    addresses that are asked for alone. What is kept is bounded; `is_cut` says that there was more. Not for several
    threads at once.
    """

    def __init__(self) -> None:
        self.cookie = ""
        self.is_cut = False
        self._fresh: list[_Code] = []
        self._fresh_bytes = 0
        self._codes: list[_Code] = []
        self._starts: list[int] = []
        self._modules: dict[int, str] = {}
        self._frames: dict[int, Frame | None] = {}
        self._hopeless: set[int] = set()

    def __len__(self) -> int:
        return len(self._codes)

    def forget(self, cookie: str = "") -> None:
        """The process runs another program now: nothing that was told holds."""
        self.__init__()  # type: ignore[misc]
        self.cookie = cookie

    def take(self, event: Event) -> None:
        """One event of `WANTED`. What is cut short is passed over."""
        payload = event.payload
        if event.id in _METHODS:
            if len(payload) < _METHOD.size:
                return
            self._fresh_bytes += len(payload)
            if len(self._fresh) >= MOST_METHODS or self._fresh_bytes > MOST_BYTES:
                self.is_cut = True
                return
            module, start, size, _ = _METHOD.unpack_from(payload)
            self._fresh.append((start, size, module, payload))
        elif len(payload) > _MODULE.size and len(self._modules) < MOST_MODULES:
            with contextlib.suppress(BadStream):
                self._modules[_MODULE.unpack_from(payload)[0]] = _assembly(_string(payload, _MODULE.size)[0])

    def settle(self, *, is_whole: bool = True) -> None:
        """The rundown is over: addresses can be asked for. Without one nothing changes.

        A whole one replaces what was known: code that it does not tell of is gone, and other code may lie there.
        After one that lost events the older code is kept where no newer code lies.
        """
        if not self._fresh:
            return
        fresh = _newest(self._fresh)
        self._codes = fresh if is_whole or not self._codes else _merged(self._codes, fresh)
        self._starts = list(map(itemgetter(0), self._codes))
        self.drop()
        self._frames.clear()
        self._hopeless.clear()

    def drop(self) -> None:
        """The rundown was broken off: what it told so far is not taken."""
        self._fresh, self._fresh_bytes = [], 0

    def find(self, address: int) -> Frame | None:
        """The method that `address` lies in; None when nobody told of it."""
        if address not in self._frames:
            if len(self._frames) >= _MOST_FRAMES:
                self._frames.clear()
            self._frames[address] = self._named(address)
        return self._frames[address]

    def needs_rundown(self, address: int) -> bool:
        """Whether a rundown might tell of an address that has no name."""
        return self.find(address) is None and address not in self._hopeless

    def give_up(self, address: int) -> None:
        """The newest rundown does not tell of this address: another one for its sake would not either."""
        if len(self._hopeless) < _MOST_FRAMES and self.find(address) is None:
            self._hopeless.add(address)

    def _named(self, address: int) -> Frame | None:
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        start, size, module, payload = self._codes[place]
        if address >= start + max(size, 1):
            return None
        try:
            type_name, offset = _string(payload, _METHOD.size)
            method, offset = _string(payload, offset)
            signature, _ = _string(payload, offset)
        except BadStream:
            return None
        flags = _METHOD.unpack_from(payload)[3]
        frame = names.frame(self._modules.get(module, ""), type_name, method, flags, signature)
        return frame if frame.method else None


def unknown(address: int) -> Frame:
    """The frame of code that no name was found for."""
    return Frame("", f"0x{address:x}", FrameKind.UNKNOWN)


def _newest(codes: list[_Code]) -> list[_Code]:
    """In the order of addresses; of those that begin at one address the one told last."""
    if len({code[0] for code in codes}) < len(codes):
        codes = list({code[0]: code for code in codes}.values())
    return sorted(codes, key=itemgetter(0))


def _merged(older: list[_Code], newer: list[_Code]) -> list[_Code]:
    """Both, without the older ones that share an address with a newer one; at most MOST_METHODS."""
    starts = list(map(itemgetter(0), newer))
    kept = []
    for code in older:
        start, end = code[0], code[0] + max(code[1], 1)
        before = bisect_right(starts, start) - 1
        is_over = before >= 0 and newer[before][0] + max(newer[before][1], 1) > start
        if not is_over and (before + 1 >= len(starts) or starts[before + 1] >= end):
            kept.append(code)
    return sorted(newer + kept[: max(0, MOST_METHODS - len(newer))], key=itemgetter(0))


def _string(payload: bytes, offset: int) -> tuple[str, int]:
    """As `utf16`, but at most `_LONGEST_STRING` units become text. Raises BadStream."""
    end = utf16_end(payload, offset)
    return payload[offset : min(end, offset + 2 * _LONGEST_STRING)].decode("utf-16-le", "replace"), end + 2


def _assembly(path: str) -> str:
    """The name of an assembly by its path: it may have dots, so that only known extensions are taken off."""
    name = path.replace("\\", "/").rpartition("/")[2]
    for extension in (".dll", ".exe"):
        if name.lower().endswith(extension):
            name = name[: -len(extension)]
    return name.removesuffix(".ni")
