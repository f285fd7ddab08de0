"""What every test stands on: a state directory of its own, no config of the host, no example database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from trusted_runtimes import roots_own_runtimes

settings.register_profile("octotui", database=None, deadline=None)
settings.load_profile("octotui")


@pytest.fixture(scope="session", autouse=True)
def runtimes_of_root() -> Iterator[None]:
    """Runtimes that root may start, wherever the checkout lies: for root only, others start what they can run.

    And with the usual umask: what tests make as root is to be root's alone, whoever started them.
    """
    os.umask(0o022)
    if os.geteuid() != 0:
        yield
        return
    with roots_own_runtimes():
        yield


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private state directory and no config file, so that no test sees the host's or another test's."""
    state = tmp_path_factory.mktemp("state")
    state.chmod(0o700)
    monkeypatch.setenv("OCTOTUI_STATE_DIR", str(state))
    monkeypatch.setenv("OCTOTUI_CONFIG", str(state / "no-config.toml"))
    # A nearly full disk under the tests is none of their business.
    monkeypatch.setenv("OCTOTUI_QUOTA", "0")
    monkeypatch.setenv("OCTOTUI_KEEP_FREE", "0")
    for variable in ("NO_COLOR", "TentacleHome", "OctopusCalamariWorkingDirectory"):
        monkeypatch.delenv(variable, raising=False)
    return state
