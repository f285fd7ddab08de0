"""Which tool wrote a core: octotui signs its work, all others have habits."""

from __future__ import annotations

from enum import StrEnum

from octotui.dumps.verifying.elfcore import NT_OCTOTUI, NT_PRPSINFO, NT_PRSTATUS, CoreFile

_CREATEDUMP_PADDING = frozenset({b"PRP", b"AUX", b"FIL", b"THR", b"FLT"})
_OS_ABI_LINUX = 3


class Writer(StrEnum):
    """The tool that wrote a core, told by its habits."""

    CREATEDUMP = "createdump"
    GCORE = "gdb gcore"
    KERNEL = "kernel"
    PROCDUMP = "procdump"
    OCTOTUI = "octotui"
    UNKNOWN = "unknown"


def writer_of(core: CoreFile) -> Writer:
    """The writer by the file's OS ABI, the order of its notes, their owners and what pads their names."""
    notes = core.notes
    if any(note.owner == b"octotui" and note.type == NT_OCTOTUI for note in notes):
        return Writer.OCTOTUI
    if any(note.owner == b"GDB" for note in notes):
        return Writer.GCORE
    if core.os_abi == _OS_ABI_LINUX and any(note.padding in _CREATEDUMP_PADDING for note in notes):
        return Writer.CREATEDUMP
    kinds = [note.type for note in notes[:2]]
    if kinds == [NT_PRSTATUS, NT_PRPSINFO]:
        return Writer.KERNEL
    if kinds and kinds[0] == NT_PRSTATUS and any(note.type == NT_PRPSINFO for note in notes):
        return Writer.PROCDUMP
    if core.has_sections and kinds and kinds[0] == NT_PRPSINFO:
        return Writer.GCORE
    return Writer.UNKNOWN
