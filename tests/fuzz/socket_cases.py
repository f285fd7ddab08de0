"""Mutated replies of real runtimes, over real sockets: the client gives an answer or a DiagnosticsError, in time."""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

from mutations import mutate_bytes
from verifier_cases import Figures

from octotui.dotnet import ipc
from octotui.dotnet.model import DiagnosticsSocket
from octotui.errors import DiagnosticsError
from octotui.text import printable

REPLIES = {
    name: bytes.fromhex(raw) for name, raw in json.loads((Path(__file__).parent / "replies.json").read_text()).items()
}
PATIENCE_SECONDS = 0.1
"""What the client is given for one question."""

TOLERANCE_SECONDS = 20.0
"""Beyond this a client that was given PATIENCE_SECONDS hangs; a busy machine is late by less."""

Pieces = list[tuple[bytes, float]]


def spoken(random: Random) -> tuple[str, Pieces, bool]:
    """What a hostile runtime says: the kind, pieces with the seconds before each, and whether it never stops."""
    name = random.choice(sorted(REPLIES))
    reply = REPLIES[name]
    kind, change = random.choice(_CHANGES) if random.random() > 0.03 else ("silent", _CHANGES[7][1])
    said = change(reply, random)
    pieces: Pieces = []
    while said:
        count = random.choice((1, 3, 19, 20, 21, 400, 70_000))
        pieces.append((said[:count], random.choice((0.0, 0.0, 0.0, 0.0, 0.001)) if len(pieces) < 40 else 0.0))
        said = said[count:] if len(pieces) < 400 else b""
    return f"{kind} of {name}", pieces, kind == "endless"


def _sized(reply: bytes, random: Random) -> bytes:
    """Another size in the header than what follows."""
    return reply[:14] + struct.pack("<H", random.choice((0, 1, 19, 20, 21, len(reply) + 1, 0xFFFF))) + reply[16:]


def _counted(reply: bytes, random: Random) -> bytes:
    """Another count before a string: the last four bytes before text, or anywhere in the payload."""
    at = random.choice((24, 48, 52, 20, random.randrange(20, max(21, len(reply) - 3))))
    return reply[:at] + struct.pack("<I", random.choice((0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 33, 0))) + reply[at + 4 :]


def _broken_text(reply: bytes, random: Random) -> bytes:
    """Lone surrogates, controls and overrides where text stands."""
    changed = bytearray(reply)
    for at in range(52, len(changed) - 1, 2):
        if random.random() < 0.3:
            changed[at : at + 2] = random.choice((b"\x00\xd8", b"\x00\xdc", b"\x1b\x00", b"\x2e\x20", b"\xff\xff"))
    return bytes(changed)


_CHANGES: tuple[tuple[str, Callable[[bytes, Random], bytes]], ...] = (
    ("whole", lambda reply, random: reply),
    ("mutated", mutate_bytes),
    ("mutated", mutate_bytes),
    ("magic", lambda reply, random: mutate_bytes(reply[:14], random) + reply[14:]),
    ("size", _sized),
    ("count", _counted),
    ("text", _broken_text),
    ("cut", lambda reply, random: reply[: random.randrange(len(reply))]),
    ("noise", lambda reply, random: random.randbytes(random.choice((0, 5, 20, 24, 5000)))),
    ("endless", lambda reply, random: random.choice((reply, b"\0", b"D", reply[:14]))),
    ("command", lambda reply, random: reply[:16] + bytes((255, random.choice((0, 255, 1)))) + reply[18:]),
)


class SocketFuzzer:
    """A hostile runtime at a socket in `directory`; each case depends on the seed and its number alone."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "s"
        self.current = ""

    async def run(self, seed: int, case: int, figures: Figures) -> None:
        """What the client raises besides a DiagnosticsError; TimeoutError when it hangs."""
        random = Random(f"{seed}:socket:{case}")
        kind, pieces, is_endless = spoken(random)
        is_dump = "dump" in kind
        self.current = f"{kind}, seed {seed}, case {case}"
        speaking: set[asyncio.Task[None]] = set()
        server = await asyncio.start_unix_server(
            _speaker(pieces, speaking, is_endless=is_endless, is_silent=kind.startswith("silent")), str(self._path)
        )
        target = DiagnosticsSocket(str(self._path), os.getpid(), os.geteuid())
        begun = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(TOLERANCE_SECONDS):
                await _asked(target, is_dump=is_dump)
        except DiagnosticsError as refusal:
            assert refusal.message and printable(refusal.message) == refusal.message, self.current
            figures.count(kind, asyncio.get_running_loop().time() - begun, is_refused=True)
        else:
            figures.count(kind, asyncio.get_running_loop().time() - begun, is_refused=False)
        finally:
            server.close()
            await server.wait_closed()
            # The client is gone: whoever still speaks to it finds out by itself.
            if speaking:
                await asyncio.wait(speaking, timeout=TOLERANCE_SECONDS)
            self._path.unlink(missing_ok=True)
        self.current = ""


async def _asked(target: DiagnosticsSocket, *, is_dump: bool) -> None:
    if is_dump:
        await ipc.generate_core_dump(target, "/d/x", timeout=PATIENCE_SECONDS)
        return
    info = await ipc.process_info(target, timeout=PATIENCE_SECONDS)
    assert all(printable(text) == text for text in (info.version, info.entry_assembly, info.arch, info.command))
    assert len(info.command) < 70_000


def _speaker(
    pieces: Pieces, speaking: set[asyncio.Task[None]], *, is_endless: bool, is_silent: bool
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        speaking.add(task)
        try:
            while True:
                for piece, seconds in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(seconds)
                if not is_endless or not pieces:
                    break
            if is_silent:
                await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    return speak
