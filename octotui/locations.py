"""Every directory and file name that octotui knows. Root keeps its dumps for the host, others for themselves."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path, user_state_path

SYSTEM_STATE = Path("/var/lib/octotui")
SYSTEM_CONFIG = Path("/etc/octotui/config.toml")


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def state_directory() -> Path:
    """Where dumps, history and the log live. `OCTOTUI_STATE_DIR` moves it (tests, containers)."""
    moved = os.environ.get("OCTOTUI_STATE_DIR", "")
    if moved:
        return Path(moved).absolute()
    return SYSTEM_STATE if is_root() else user_state_path("octotui", appauthor=False)


def store_directory() -> Path:
    """The dump store: `/var/lib/octotui/dumps` for root, `$XDG_STATE_HOME/octotui/dumps` for others."""
    return state_directory() / "dumps"


def analyses_directory() -> Path:
    """Where analyses are written unless somebody says where: beside the dump store. octotui never removes one."""
    return state_directory() / "analyses"


def config_files() -> tuple[Path, ...]:
    """Config files in reading order; the later one wins. Neither needs to exist and neither is ever written."""
    named = os.environ.get("OCTOTUI_CONFIG", "")
    if named:
        return (Path(named),)
    return (SYSTEM_CONFIG, user_config_path("octotui", appauthor=False) / "config.toml")
