"""Whether the pieces of a core fit together: no two in one place, none where the headers are, none cut off."""

from __future__ import annotations

from itertools import pairwise

from octotui.dumps.verifying.elfcore import CoreFile, Region
from octotui.errors import NotADump

_ADDRESSES = 1 << 64


def check_layout(core: CoreFile, *, is_gapless: bool) -> None:
    """Raises NotADump for a core that no tool would write. `is_gapless`: its writer leaves no space between regions."""
    for region in core.regions:
        if region.file_bytes > region.memory_bytes:
            raise NotADump("a memory region holds more in the file than it had in memory")
        if region.address + region.memory_bytes > _ADDRESSES:
            raise NotADump("a memory region reaches beyond the last address")
        if is_gapless and region.alignment > 1 and (region.address - region.offset) % region.alignment:
            raise NotADump("a memory region stands askew of its address")
    if core.sections_end > core.size:
        raise NotADump("it was cut off: its section headers lie beyond the end of the file")
    _check_addresses(core.regions)
    _check_places([region for region in core.regions if region.file_bytes], core.headers_end, is_gapless=is_gapless)


def _check_addresses(regions: tuple[Region, ...]) -> None:
    for before, after in pairwise(sorted(regions)):
        if before.address + before.memory_bytes > after.address:
            raise NotADump("two of its memory regions hold the same addresses")


def _check_places(regions: list[Region], headers_end: int, *, is_gapless: bool) -> None:
    if not is_gapless:
        regions = sorted(regions, key=lambda region: region.offset)
    if regions and regions[0].offset < headers_end:
        raise NotADump("a memory region stands where its headers are")
    for before, after in pairwise(regions):
        end = before.offset + before.file_bytes
        if after.offset < end:
            raise NotADump("two of its memory regions stand in the same place of the file")
        if is_gapless and after.offset > end:
            raise NotADump("there is a gap between two of its memory regions, and createdump leaves none")
