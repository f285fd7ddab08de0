"""The sentry from octotui's side: started, given orders, listened to, and made harmless should it die."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from octotui.dumps.sentry.glance import started_of
from octotui.dumps.sentry.link import BUFFER_BYTES, LARGEST_PACKET
from octotui.errors import CaptureFailed
from octotui.processes.model import ProcessKey

COMMAND = ("-I", "-m", "octotui.dumps.sentry")
WITHOUT_EVENTS = "--without-events"
START_SECONDS = 20.0
END_SECONDS = 5.0

News = dict[str, Any]
"""One packet of news: `news` says what, the other fields say of whom."""


class Sentry:
    """One sentry. Use it from the event loop that started it.

    `ready` is its first news: `events`, `reason`, `polling_ms`. `holding` are the processes that it said it stops and
    has not let go: when it dies, octotui lets them go, before the end of `news` is reached.
    """

    def __init__(self, process: subprocess.Popen[bytes], link: socket.socket) -> None:
        """Use `start`."""
        self.ready: News = {}
        self._process = process
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[News | None] = asyncio.Queue()
        self._orders: deque[bytes] = deque()
        self._holding: dict[ProcessKey, int] = {}
        self._is_closing = False
        self._is_over = False
        self._loop.add_reader(link.fileno(), self._read)

    @classmethod
    async def start(cls, *, events: bool = True, command: Sequence[str] = ()) -> Sentry:
        """Starts one and waits until it is ready. `events`: False has it poll, as where the kernel tells nothing.

        `command` are arguments of Python that run another program than the sentry's own. Raises CaptureFailed
        (`no-sentry`) when there can be none.
        """
        if not sys.platform.startswith("linux"):
            raise _no_sentry("only Linux lets octotui catch processes as they start")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            arguments = [sys.executable, *(command or COMMAND), *([] if events else [WITHOUT_EVENTS])]
            try:
                process = await asyncio.to_thread(_spawned, arguments, theirs.fileno())
            except OSError as error:
                ours.close()
                raise _no_sentry(error.strerror or "") from error
        ours.setblocking(False)
        sentry = cls(process, ours)
        try:
            async with asyncio.timeout(START_SECONDS):
                first = await sentry._news.get()
        except TimeoutError:
            await sentry.aclose()
            raise _no_sentry("it did not answer") from None
        except asyncio.CancelledError:
            await sentry.aclose()
            raise
        if first is None or first.get("news") != "ready":
            await sentry.aclose()
            raise _no_sentry("it ended at once: is octotui installed where python -I finds it?")
        sentry.ready = first
        return sentry

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Whether it has ended: no order reaches it any more."""
        return self._is_over

    @property
    def holding(self) -> frozenset[ProcessKey]:
        """What it holds now, or is about to."""
        return frozenset(self._holding)

    def send(self, order: Mapping[str, Any]) -> None:
        """Gives one order, an object with a `do`. Never waits; an order to a sentry that is gone is lost."""
        if self._is_over:
            return
        self._orders.append(json.dumps(order).encode())
        if len(self._orders) == 1:
            self._flush()

    async def news(self) -> AsyncIterator[News]:
        """News in their order until the sentry ends; one reader at a time.

        One that ended by itself is told last, as `died`, when everything it held was let go.
        """
        while (news := await self._news.get()) is not None:
            yield news
        # For whoever asks again.
        self._news.put_nowait(None)

    async def aclose(self) -> None:
        """Has it let everything go and end; what it says meanwhile can still be read. May be called twice."""
        self._is_closing = True
        if not self._is_over:
            self.send({"do": "quit"})
            self._flush()
            # To the sentry a link that nobody writes to any more is as good as the order.
            with contextlib.suppress(OSError):
                self._link.shutdown(socket.SHUT_WR)
        await asyncio.to_thread(self._collect)
        self._read()
        self._end()

    def _collect(self) -> None:
        """Waits for its end; one that is stuck is killed, upon which its keeper and octotui let go what it held."""
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _flush(self) -> None:
        """Sends the orders that wait, as far as there is room; the rest when there is some."""
        while self._orders and not self._is_over:
            try:
                self._link.send(self._orders[0], socket.MSG_NOSIGNAL)
            except BlockingIOError:
                self._loop.add_writer(self._link.fileno(), self._flush)
                return
            except OSError:
                # What follows from its end is seen where its news end.
                break
            self._orders.popleft()
        self._orders.clear()
        if not self._is_over:
            self._loop.remove_writer(self._link.fileno())

    def _read(self) -> None:
        while not self._is_over:
            try:
                packet = self._link.recv(LARGEST_PACKET)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._end()
                return
            with contextlib.suppress(ValueError):
                self._take(json.loads(packet))

    def _take(self, news: News) -> None:
        match news.get("news"):
            case "holding":
                self._keep(ProcessKey(news["pid"], news["started"]))
            case "released":
                self._drop(ProcessKey(news["pid"], news["started"]))
        self._news.put_nowait(news)

    def _keep(self, key: ProcessKey) -> None:
        if key in self._holding:
            return
        try:
            descriptor = os.pidfd_open(key.pid)
        except OSError:
            return
        # Looked at after the pidfd is open: what has these start ticks now is what the pidfd names.
        if started_of(key.pid) == key.started:
            self._holding[key] = descriptor
        else:
            os.close(descriptor)

    def _drop(self, key: ProcessKey) -> None:
        descriptor = self._holding.pop(key, -1)
        if descriptor >= 0:
            os.close(descriptor)

    def _end(self) -> None:
        """Its link closed. What it still held is let go, however it came to its end."""
        if self._is_over:
            return
        self._is_over = True
        self._loop.remove_reader(self._link.fileno())
        self._loop.remove_writer(self._link.fileno())
        self._link.close()
        released = list(self._holding)
        for key in released:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._holding[key], signal.SIGCONT)
            self._drop(key)
            self._news.put_nowait({"news": "released", "pid": key.pid, "started": key.started, "why": "sentry"})
        if not self._is_closing:
            self._news.put_nowait({"news": "died", "message": "the process that catches and holds for octotui ended"})
            # Collected later by `aclose`, and here if it is a zombie already.
            self._process.poll()
        self._news.put_nowait(None)


def _spawned(arguments: Sequence[str], link: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        stdin=link,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        start_new_session=True,
    )


def _no_sentry(why: str) -> CaptureFailed:
    return CaptureFailed(
        f"nothing can be caught or held: the process that does it could not be started{f' ({why})' if why else ''}",
        hint="octotui doctor says what works here",
        code="no-sentry",
    )
