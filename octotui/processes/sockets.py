"""What the sockets of a process are connected to, from the tables of its own network namespace."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from octotui.text import decoded, printable

LONGEST_TABLE = 16 << 20
"""Bytes read of one table: a host with more connections than that is not read to the end."""

_STATES = {
    "01": "connected",
    "02": "connecting",
    "03": "connecting",
    "04": "closing",
    "05": "closing",
    "06": "closed lately",
    "07": "closed",
    "08": "closed by the other side",
    "09": "closing",
    "0A": "listening",
    "0B": "closing",
}
_TABLES = ("tcp", "tcp6", "udp", "udp6")
_LISTENING_UNIX = 0x10000


@dataclass(frozen=True, slots=True)
class Socket:
    """A socket. `kind` is tcp, udp or unix, `state` in words ("" for none), addresses as `10.0.0.1:443`, `[::1]:80`.

    `local` of a unix socket is its path, printable; "" for one without a name.
    """

    kind: str
    local: str = ""
    remote: str = ""
    state: str = ""

    @property
    def is_listening(self) -> bool:
        return self.state == "listening"


def read_sockets(home: Path, inodes: Collection[int]) -> dict[int, Socket]:
    """The sockets with those inodes, from the tables below `home` (`/proc/PID`). Blocks for milliseconds.

    Tables that are absent or may not be read are left out.
    """
    wanted = {str(inode).encode() for inode in inodes}
    found: dict[int, Socket] = {}
    if not wanted:
        return found
    for table in _TABLES:
        for fields in _rows(home / "net" / table):
            if len(fields) > 9 and fields[9] in wanted:
                socket = _internet(table.removesuffix("6"), fields)
                if socket is not None:
                    found[int(fields[9])] = socket
    for fields in _rows(home / "net" / "unix", limit=7):
        if len(fields) > 6 and fields[6] in wanted:
            found[int(fields[6])] = _unix(fields)
    return found


def _rows(path: Path, limit: int = -1) -> Iterator[list[bytes]]:
    """The lines of a table in words, at most `limit` splits, without the first line."""
    try:
        with path.open("rb") as file:
            size = len(file.readline(4096))
            for line in file:
                size += len(line)
                if size > LONGEST_TABLE:
                    return
                yield line.split(None, limit)
    except OSError:
        return


def _internet(kind: str, fields: list[bytes]) -> Socket | None:
    try:
        local, remote = _address(fields[1].decode("ascii")), _address(fields[2].decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None
    has_peer = not remote.endswith(":0")
    state = _STATES.get(decoded(fields[3]), "") if kind == "tcp" else "connected" if has_peer else ""
    return Socket(kind, local, remote if has_peer else "", state)


def _address(text: str) -> str:
    """`0100007F:1F90` is `127.0.0.1:8080`; the words of an address are in the order of this machine's bytes."""
    digits, _, port = text.partition(":")
    raw = bytes.fromhex(digits)
    words = b"".join(_turned(raw[i : i + 4]) for i in range(0, len(raw), 4))
    address = ipaddress.ip_address(words)
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return f"{mapped}:{int(port, 16)}" if mapped is not None else f"[{address}]:{int(port, 16)}"
    return f"{address}:{int(port, 16)}"


def _turned(word: bytes) -> bytes:
    return word[::-1] if sys.byteorder == "little" else word


def _unix(fields: list[bytes]) -> Socket:
    path = printable(decoded(fields[7].rstrip(b"\n"))) if len(fields) > 7 else ""
    try:
        is_listening = bool(int(fields[3], 16) & _LISTENING_UNIX)
    except ValueError:
        is_listening = False
    return Socket("unix", path, "", "listening" if is_listening else "")
