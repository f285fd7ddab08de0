"""The bytes of the .NET diagnostics protocol: requests written, replies read, every reply taken for hostile."""

from __future__ import annotations

import struct
from enum import IntEnum

MAGIC = b"DOTNET_IPC_V1\0"
HEADER = struct.Struct("<14sHBBH")
LARGEST_MESSAGE = 0xFFFF
"""Bytes of one message, header included: its size field has sixteen bits."""

DUMP_COMMANDS = 0x01
EVENT_COMMANDS = 0x02
PROCESS_COMMANDS = 0x04
SERVER = 0xFF
UNKNOWN_COMMAND = 0x80131385

WORDS = {
    0x80131384: "the request was badly encoded",
    0x80131385: "the runtime does not know this command",
    0x80131386: "the runtime does not know this protocol",
    0x80131515: "the runtime does not support this here",
    0x80131371: "the runtime is not initialised yet",
    0x8013135B: "the runtime cannot do this yet",
    0x80004005: "the runtime failed without a reason",
    0x80070057: "the runtime rejected an argument",
    0x8007007A: "the runtime's buffer is too small",
}


class DumpKind(IntEnum):
    """The dump types of the protocol."""

    NORMAL = 1
    HEAP = 2
    TRIAGE = 3
    FULL = 4


class Garbled(ValueError):
    """The bytes are no message of this protocol."""


def string(text: str) -> bytes:
    """Length in UTF-16 units with the NUL, then the units; an empty string is a length of zero.

    Raises ValueError for text that UTF-16 cannot hold (a path that is not UTF-8) or that holds a NUL.
    """
    if not text:
        return struct.pack("<I", 0)
    if "\0" in text:
        raise ValueError("a string with a NUL cannot be sent")
    encoded = (text + "\0").encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


def message(command_set: int, command: int, payload: bytes = b"") -> bytes:
    """A whole request. Raises ValueError when it is larger than a message can be."""
    size = HEADER.size + len(payload)
    if size > LARGEST_MESSAGE:
        raise ValueError("the request is larger than a message can be")
    return HEADER.pack(MAGIC, size, command_set, command, 0) + payload


def dump_request(command: int, path: str, kind: int) -> bytes:
    """GenerateCoreDump (1), GenerateCoreDump2 (2) or GenerateCoreDump3 (3), without log or crash report.

    Their payloads are alike: path, type, and a number that is a switch in the first and flags in the others.
    """
    return message(DUMP_COMMANDS, command, string(path) + struct.pack("<II", kind, 0))


def reply_header(raw: bytes) -> tuple[int, bool]:
    """Payload bytes that follow, and whether the reply is OK (else it is an error). Raises Garbled."""
    if len(raw) != HEADER.size:
        raise Garbled("a header has 20 bytes")
    magic, size, command_set, command, _ = HEADER.unpack(raw)
    if magic != MAGIC or size < HEADER.size or command_set != SERVER or command not in (0x00, 0xFF):
        raise Garbled("not a reply of a diagnostics server")
    return size - HEADER.size, command == 0x00


class Reader:
    """Takes fields from a payload, front to back. Raises Garbled when the payload is too short."""

    def __init__(self, payload: bytes) -> None:
        self._rest = memoryview(payload)

    def take(self, count: int) -> bytes:
        if count > len(self._rest):
            raise Garbled("the reply ends in the middle of a field")
        taken, self._rest = self._rest[:count], self._rest[count:]
        return bytes(taken)

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def string(self) -> str:
        """Up to its first NUL; broken UTF-16 becomes U+FFFD."""
        return self.take(2 * self.u32()).decode("utf-16-le", "replace").split("\0", 1)[0]


def error_reply(payload: bytes) -> tuple[int, str]:
    """HRESULT of an error and the words that came with it ("" when none did)."""
    reader = Reader(payload)
    code = reader.u32()
    try:
        return code, reader.string()
    except Garbled:
        return code, ""
