"""The programs that are measured beside one another, each with settings of its own and nobody's config files."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

OCTOPUS, EVERYTHING, HTOP, BTOP = "octotui (Octopus)", "octotui --all", "htop", "btop"
OCTOTUI = (sys.executable, "-m", "octotui")
PEERS = (HTOP, BTOP)


@dataclass(frozen=True, slots=True)
class Monitor:
    """A full-screen program that refreshes every `interval` seconds."""

    name: str
    command: tuple[str, ...]
    interval: float
    environment: Mapping[str, str]


@contextlib.contextmanager
def monitors(interval: float = 2.0) -> Iterator[dict[str, Monitor]]:
    """octotui in both views, and those of its peers that are installed, all at `interval`; by name."""
    with tempfile.TemporaryDirectory(prefix="octotui-bench-") as home:
        # HOME alone would not do where the caller has XDG directories.
        environment = environment_in(Path(home))
        config = Path(home) / "btop" / "btop.conf"
        config.parent.mkdir()
        config.write_text(f"update_ms = {round(interval * 1000)}\n", encoding="ascii")
        commands = {
            OCTOPUS: (*OCTOTUI, "--interval", f"{interval:g}"),
            EVERYTHING: (*OCTOTUI, "--all", "--interval", f"{interval:g}"),
            HTOP: ("htop", "-d", str(round(interval * 10))),
            BTOP: ("btop",),
        }
        yield {
            name: Monitor(name, command, interval, environment)
            for name, command in commands.items()
            if name not in PEERS or shutil.which(command[0])
        }


def environment_in(home: Path) -> dict[str, str]:
    """An environment in which a program finds and leaves files only under `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "OCTOTUI_"))}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "OCTOTUI_STATE_DIR": str(home / "state"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
    }
