"""Which method names are kept: of a few processes, and of none that has ended."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from octotui.dotnet import kernel
from octotui.dotnet.stacks.methods import MethodTable
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey

MOST_TABLES = 16
MOST_METHODS = 200_000
"""In all tables together, some fifty megabytes; a single large process may have more."""


class Tables:
    """The method tables of processes, the ones that were used last. `proc` is where the kernel tells who lives."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._tables: OrderedDict[ProcessKey, MethodTable] = OrderedDict()
        self._proc = proc

    def __len__(self) -> int:
        return len(self._tables)

    def of(self, key: ProcessKey) -> MethodTable:
        """The table of a process, empty at first. Others go where there would be too many."""
        table = self._tables.setdefault(key, MethodTable())
        self._tables.move_to_end(key)
        for other in [other for other in self._tables if other != key and not self._lives(other)]:
            del self._tables[other]
        while len(self._tables) > 1 and not self._fit():
            self._tables.popitem(last=False)
        return table

    def clear(self) -> None:
        self._tables.clear()

    def _fit(self) -> bool:
        return len(self._tables) <= MOST_TABLES and sum(map(len, self._tables.values())) <= MOST_METHODS

    def _lives(self, key: ProcessKey) -> bool:
        try:
            return kernel.check_identity(key, self._proc) not in "ZX"
        except ProcessGone:
            return False
