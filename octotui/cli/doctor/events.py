"""Whether the kernel would tell octotui of each start and end of a process (the netlink process connector)."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable

from octotui.cli.doctor.check import Check, ok, warning
from octotui.dumps.commands import as_root

NETLINK_CONNECTOR = 11
_GROUP = _VALUE = 1
_LISTEN, _IGNORE = 1, 2
_NLMSG_DONE = 3
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=IIIIHH")
_WHAT_AND_CODE = struct.Struct("=I12xI")
_ACK_SECONDS = 1.0


def event_source(probe: Callable[[], str] | None = None) -> Check:
    """The check; `probe` returns the reason why events are not to be had, or ""."""
    problem = (probe or connector_problem)()
    if not problem:
        return ok("process events", "available; this version does not use them: it finds processes by polling")
    return warning(
        "process events",
        f"not available ({problem}); this version does without: it finds processes by polling",
        as_root("doctor") if os.geteuid() != 0 else "run octotui on the host itself, as root",
    )


def connector_problem() -> str:
    """Subscribes to the process connector and unsubscribes at once; says what went wrong, or ""."""
    if not sys.platform.startswith("linux"):
        return "this is not Linux"
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_CONNECTOR) as connection:
            connection.settimeout(_ACK_SECONDS)
            connection.bind((0, _GROUP))
            connection.send(_request(_LISTEN))
            try:
                return _acknowledgement(connection)
            finally:
                connection.send(_request(_IGNORE))
    except TimeoutError:
        return "the kernel did not answer, as in a container"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)


def _request(operation: int) -> bytes:
    payload = struct.pack("=I", operation)
    message = _MESSAGE.pack(_GROUP, _VALUE, 0, 0, len(payload), 0) + payload
    return _HEADER.pack(_HEADER.size + len(message), _NLMSG_DONE, 0, 0, os.getpid()) + message


def _acknowledgement(connection: socket.socket) -> str:
    """Reads until the kernel's answer to the subscription; events of processes may come before it."""
    for _ in range(1000):
        raw = connection.recv(4096)
        start = _HEADER.size + _MESSAGE.size
        if len(raw) < start + _WHAT_AND_CODE.size:
            continue
        what, code = _WHAT_AND_CODE.unpack_from(raw, start)
        if what == 0:
            return os.strerror(code) if code else ""
    return "the kernel did not acknowledge"
