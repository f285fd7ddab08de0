"""The backends there are, in the order of preference: what each is called, needs and can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from octotui.dumps.backends.base import Backend
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.backends.dotnetdump import DotnetDumpBackend
from octotui.dumps.backends.gcore import GcoreBackend
from octotui.dumps.backends.ipc import IpcBackend
from octotui.dumps.rights import Rights, read_rights
from octotui.errors import UsageError
from octotui.text import printable

AUTO = "auto"
BACKENDS = (IpcBackend, CreatedumpBackend, DotnetDumpBackend, GcoreBackend)
NAMES = tuple(backend.name for backend in BACKENDS)


class Row(NamedTuple):
    """One backend in words."""

    name: str
    title: str
    does: str
    needs: str
    is_portable: bool
    is_on_request: bool

    @property
    def limits(self) -> str:
        """What speaks against it, in words; "" for nothing."""
        said = ["only when it is asked for by name"] if self.is_on_request else []
        return ", ".join([*said, *([] if self.is_portable else ["not portable"])])


def table() -> tuple[Row, ...]:
    """Every backend in words, for help, documentation and the doctor."""
    return tuple(Row(b.name, b.title, b.does, b.needs, b.is_portable, b.is_on_request) for b in BACKENDS)


def default_backends(rights: Rights | None = None) -> tuple[Backend, ...]:
    """One of each, for a host and user with these rights."""
    rights = rights or read_rights()
    return tuple(backend(rights) for backend in BACKENDS)


def chosen_backends(name: str, backends: Sequence[Backend]) -> tuple[Backend, ...]:
    """The backends that a request allows: those that need no asking for "auto", else the one it names.

    Raises UsageError for another name.
    """
    if name == AUTO:
        return tuple(backend for backend in backends if not backend.is_on_request)
    found = tuple(backend for backend in backends if backend.name == name)
    if not found:
        names = ", ".join((AUTO, *(backend.name for backend in backends)))
        raise UsageError(f'there is no backend "{printable(name, 60)}"', hint=f"use one of: {names}")
    return found
