"""The socket of the process connector: its buffer, its filter, and its way out."""

from __future__ import annotations

import array
import os
import socket
import struct

from octotui.processes.event_wire import IGNORE, request

_NETLINK_CONNECTOR = 11
_GROUP_OF_PROCESSES = 1
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33


def bound(buffer_bytes: int, program: bytes) -> tuple[socket.socket, bool]:
    """A non-blocking socket that hears the connector, and whether the kernel took the filter. Raises OSError.

    Like every socket of Python it is closed by an exec.
    """
    connection = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_CONNECTOR)
    try:
        connection.setblocking(False)
        _enlarge(connection, buffer_bytes)
        is_filtered = bool(program) and _attach(connection, program)
        connection.bind((0, _GROUP_OF_PROCESSES))
    except BaseException:
        connection.close()
        raise
    return connection, is_filtered


def unsubscribe(connection: socket.socket, owner: int) -> None:
    """Ends the subscription that the process `owner` made, and closes the socket.

    The kernel forgets no listener by itself. A forked child has a copy of the socket alone: the subscription stays.
    """
    try:
        if os.getpid() == owner:
            connection.send(request(IGNORE, 0))
    except OSError:
        pass
    finally:
        connection.close()


def _enlarge(connection: socket.socket, size: int) -> None:
    try:
        # As root beyond the limit of the host.
        connection.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except OSError:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


def _attach(connection: socket.socket, program: bytes) -> bool:
    instructions = array.array("B", program)
    address, size = instructions.buffer_info()
    try:
        connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", size // 8, address))
    except OSError:
        return False
    return True
