"""The backends there are, in the order of preference."""

from __future__ import annotations

from collections.abc import Sequence

from octotui.dumps.backends.base import Backend
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.backends.ipc import IpcBackend
from octotui.dumps.rights import Rights, read_rights
from octotui.errors import UsageError
from octotui.text import printable

AUTO = "auto"
NAMES = (IpcBackend.name, CreatedumpBackend.name)


def default_backends(rights: Rights | None = None) -> tuple[Backend, ...]:
    """The diagnostics socket first, then createdump started directly."""
    rights = rights or read_rights()
    return (IpcBackend(rights), CreatedumpBackend(rights))


def chosen_backends(name: str, backends: Sequence[Backend]) -> tuple[Backend, ...]:
    """The backends that a request allows: all for "auto", else the one it names. Raises UsageError for another name."""
    if name == AUTO:
        return tuple(backend for backend in backends if not backend.is_on_request)
    found = tuple(backend for backend in backends if backend.name == name)
    if not found:
        names = ", ".join((AUTO, *(backend.name for backend in backends)))
        raise UsageError(f'there is no backend "{printable(name, 60)}"', hint=f"use one of: {names}")
    return found
