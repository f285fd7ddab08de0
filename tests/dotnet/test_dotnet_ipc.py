"""The client of the diagnostics protocol against servers that obey it, stall, lie or talk nonsense."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octotui.dotnet import connection, wire
from octotui.dotnet.ipc import DumpKind, generate_core_dump, process_info
from octotui.dotnet.model import DiagnosticsSocket
from octotui.errors import DiagnosticsError

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[Answer], Awaitable[DiagnosticsSocket]]


def reply(payload: bytes = b"", *, command: int = 0x00) -> bytes:
    return wire.message(wire.SERVER, command, payload)


def error(code: int, words: str = "") -> bytes:
    return reply(struct.pack("<I", code) + (wire.string(words) if words else b""), command=0xFF)


def info_payload(command: int, *, version: str = "8.0.4", line: str = "Calamari run-script") -> bytes:
    payload = struct.pack("<Q", 812) + bytes(16) + b"".join(map(wire.string, (line, "Linux", "x64")))
    if command == 0x08:
        payload = struct.pack("<I", 1) + payload
    return payload + wire.string("Calamari") + wire.string(version) + wire.string("linux-x64")


@pytest.fixture
async def serve(short_directory: Path) -> AsyncIterator[Serve]:
    """Listens at a socket and hands each request to the given answer; every connection is closed at the end."""
    servers: list[asyncio.Server] = []

    async def start(answer: Answer) -> DiagnosticsSocket:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                header = await reader.readexactly(wire.HEADER.size)
                rest = await reader.readexactly(wire.HEADER.unpack(header)[1] - wire.HEADER.size)
                await answer(header + rest, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        path = short_directory / f"socket-{len(servers)}"
        servers.append(await asyncio.start_unix_server(connected, str(path)))
        return DiagnosticsSocket(str(path), os.getpid(), os.geteuid())

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


def saying(raw: bytes) -> Answer:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return answer


async def failure(call: Awaitable[object]) -> DiagnosticsError:
    with pytest.raises(DiagnosticsError) as caught:
        await call
    return caught.value


async def test_a_dump_request_is_written_as_the_protocol_says(serve: Serve) -> None:
    seen: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(reply(bytes(4)))

    await generate_core_dump(await serve(answer), "/d/x", DumpKind.HEAP, timeout=30)

    assert seen == [
        bytes.fromhex("444f544e45545f4950435f563100 2a00 01 03 000005000000 2f0064002f0078000000 02000000 00000000")
    ]


async def test_a_reply_in_single_bytes_is_put_together(serve: Serve) -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        for byte in reply(info_payload(0x08)):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    info = await process_info(await serve(answer), timeout=30)

    assert (info.pid, info.version, info.entry_assembly) == (812, "8.0.4", "Calamari")
    assert (info.arch, info.command) == ("x64", "Calamari run-script")


@pytest.mark.parametrize("known", [0x08, 0x04, 0x00])
async def test_the_newest_question_that_the_runtime_knows_is_used(serve: Serve, known: int) -> None:
    asked: list[int] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(request[17])
        writer.write(reply(info_payload(known)) if request[17] == known else error(wire.UNKNOWN_COMMAND))

    info = await process_info(await serve(answer), timeout=30)

    assert asked == [0x08, 0x04, 0x00][: len(asked)]
    assert asked[-1] == known
    assert info.pid == 812
    assert info.version == ("8.0.4" if known else "")


@pytest.mark.parametrize("known", [3, 2, 1])
async def test_a_dump_falls_back_to_older_commands(serve: Serve, known: int) -> None:
    asked: list[int] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(request[17])
        writer.write(reply(bytes(4)) if request[17] == known else error(wire.UNKNOWN_COMMAND))

    await generate_core_dump(await serve(answer), "/d/x", timeout=30)

    assert asked == [3, 2, 1][: 4 - known]


async def test_a_runtime_that_knows_no_dump_command_is_an_error(serve: Serve) -> None:
    caught = await failure(generate_core_dump(await serve(saying(error(wire.UNKNOWN_COMMAND))), "/d/x", timeout=30))

    assert caught.code == "diagnostics-unknown-command"


async def test_createdumps_words_are_one_printable_line(serve: Serve) -> None:
    words = "[createdump] Could not create \x1b[31moutput\n[createdump] Failure took 83ms\n"

    caught = await failure(generate_core_dump(await serve(saying(error(0x80004005, words))), "/d/x", timeout=30))

    assert caught.message == "Could not create ␛[31moutput; Failure took 83ms"


@pytest.mark.parametrize(
    ("code", "words"), [(0x80070057, "rejected an argument"), (0x80131515, "does not support"), (7, "0x00000007")]
)
async def test_an_error_without_words_is_translated(serve: Serve, code: int, words: str) -> None:
    caught = await failure(generate_core_dump(await serve(saying(error(code))), "/d/x", timeout=30))

    assert words in caught.message


async def test_strings_of_the_runtime_are_made_printable(serve: Serve) -> None:
    hostile = reply(info_payload(0x08, version="8\x1b]0;x\x07", line="a\u202eb"))

    info = await process_info(await serve(saying(hostile)), timeout=30)

    assert info.version == "8␛]0;x␇"
    assert info.command == "a\ufffdb"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes(64),
        wire.HEADER.pack(wire.MAGIC, 3, wire.SERVER, 0, 0),
        wire.HEADER.pack(wire.MAGIC, 20, 0x04, 0, 0),
        wire.HEADER.pack(wire.MAGIC, 20, wire.SERVER, 0x55, 0),
        reply(b"\x01\x00\x00\x00" + bytes(24) + b"\xff\xff\xff\xff"),
        reply(b""),
        reply(b"", command=0xFF),
    ],
    ids=[
        "http",
        "zeros",
        "size below header",
        "not the server",
        "neither ok nor error",
        "endless string",
        "empty",
        "no code",
    ],
)
async def test_nonsense_is_an_error_in_words(serve: Serve, raw: bytes) -> None:
    caught = await failure(process_info(await serve(saying(raw)), timeout=30))

    assert caught.code == "diagnostics-garbled"


async def test_an_endless_reply_is_read_up_to_its_size_only(serve: Serve) -> None:
    sent = 0

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(wire.HEADER.pack(wire.MAGIC, 0xFFFF, wire.SERVER, 0, 0))
        while sent < 1 << 26:
            writer.write(bytes(1 << 16))
            await writer.drain()
            sent += 1 << 16

    await process_info(await serve(answer), timeout=30)

    assert sent < 1 << 26


async def test_a_silent_server_is_given_up_on(serve: Serve) -> None:
    over = asyncio.Event()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        await over.wait()

    caught = await failure(process_info(await serve(answer), timeout=0.05))
    over.set()

    assert caught.code == "diagnostics-timeout"
    assert "did not answer within 0.05 s" in caught.message


@pytest.mark.parametrize(
    "raw", [b"", b"DOTNET", reply(bytes(40))[:30]], ids=["nothing", "half a header", "half a payload"]
)
async def test_a_connection_closed_early_is_the_targets_end(serve: Serve, raw: bytes) -> None:
    caught = await failure(generate_core_dump(await serve(saying(raw)), "/d/x", timeout=30))

    assert caught.code == "diagnostics-closed"


@pytest.mark.parametrize("other", [(1, 0), (0, 12345)], ids=["another pid", "another user"])
async def test_an_impostor_is_sent_nothing(serve: Serve, other: tuple[int, int]) -> None:
    seen: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)

    socket = await serve(answer)
    pid, uid = other
    false = DiagnosticsSocket(socket.path, pid or socket.pid, uid or socket.uid)

    caught = await failure(process_info(false, timeout=30))

    assert caught.code == "diagnostics-impostor"
    assert seen == []


async def test_a_socket_without_a_listener_is_stale(short_directory: Path, make_socket: Callable[[Path], Path]) -> None:
    path = make_socket(short_directory / "socket")

    caught = await failure(process_info(DiagnosticsSocket(str(path), 1, 0)))

    assert caught.code == "diagnostics-stale"


async def test_an_absent_socket_and_a_plain_file_are_named(short_directory: Path) -> None:
    (short_directory / "file").write_text("")

    gone = await failure(process_info(DiagnosticsSocket(str(short_directory / "absent"), 1, 0)))
    plain = await failure(process_info(DiagnosticsSocket(str(short_directory / "file"), 1, 0)))

    assert gone.code == "diagnostics-gone"
    assert str(short_directory / "file") in plain.message


async def test_a_full_queue_is_waited_for_until_the_deadline(short_directory: Path) -> None:
    import socket as sockets

    path = short_directory / "socket"
    with sockets.socket(sockets.AF_UNIX) as listener, sockets.socket(sockets.AF_UNIX) as first:
        listener.bind(str(path))
        listener.listen(0)
        first.connect(str(path))
        caught = await failure(process_info(DiagnosticsSocket(str(path), os.getpid(), os.geteuid()), timeout=0.1))

    assert caught.code == "diagnostics-timeout"


async def test_a_path_too_long_for_an_address_is_reached(serve: Serve, short_directory: Path) -> None:
    socket = await serve(saying(reply(info_payload(0x08))))
    deep = short_directory / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    (short_directory / "socket-0").rename(deep / "socket")

    info = await process_info(DiagnosticsSocket(str(deep / "socket"), socket.pid, socket.uid), timeout=30)
    (deep / "socket").rename(short_directory / "socket-0")

    assert info.pid == 812


@pytest.mark.parametrize("path", ["/x" * 20000, "/\udcff", "/a\0b"], ids=["long", "not utf-8", "nul"])
async def test_a_path_that_cannot_be_sent_is_refused_before_connecting(path: str) -> None:
    caught = await failure(generate_core_dump(DiagnosticsSocket("/absent", 1, 0), path, timeout=30))

    assert caught.code == "diagnostics-path"
    assert len(caught.message) < 500


@given(st.binary(max_size=200))
def test_any_payload_is_read_or_called_garbled(payload: bytes) -> None:
    reader = wire.Reader(payload)
    try:
        reader.u32()
        reader.u64()
        reader.string()
        wire.error_reply(payload)
    except wire.Garbled:
        pass


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
def test_strings_survive_the_wire(text: str) -> None:
    assert wire.Reader(wire.string(text)).string() == text


async def test_connecting_does_not_run_on_the_event_loop(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(info_payload(0x08)))

    target = await serve(answer)
    threads: list[int] = []
    connect = connection._connect

    def observed(target: DiagnosticsSocket) -> socket.socket:
        threads.append(threading.get_ident())
        return connect(target)

    monkeypatch.setattr(connection, "_connect", observed)
    assert (await process_info(target)).pid == 812
    assert threads
    assert threading.get_ident() not in threads


async def test_a_connection_that_comes_after_a_cancellation_is_closed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(info_payload(0x08)))

    target = await serve(answer)
    made: list[socket.socket] = []
    may_go, closed = threading.Event(), asyncio.Event()
    connect, discard = connection._connect, connection._discard

    def slow(target: DiagnosticsSocket) -> socket.socket:
        may_go.wait(30)
        made.append(connect(target))
        return made[0]

    def discarded(connecting: asyncio.Future[socket.socket]) -> None:
        discard(connecting)
        closed.set()

    monkeypatch.setattr(connection, "_connect", slow)
    monkeypatch.setattr(connection, "_discard", discarded)
    asking = asyncio.ensure_future(process_info(target))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    may_go.set()
    await closed.wait()
    assert made[0].fileno() == -1
