"""What every test of the screen needs: one user name, no second sample unless asked for, no clock in a frame."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def steady_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("octotui.ui.app.SECOND_SAMPLE_SECONDS", 3600.0)
    monkeypatch.setattr("octotui.ui.handlers.jumps.LONE_SECONDS", 0.0)
    monkeypatch.setattr("octotui.ui.inspection.REST_SECONDS", 0.0)
    monkeypatch.setattr("octotui.ui.inspection.read_facts", _no_facts)


async def _no_facts(process: object) -> tuple[tuple[str, str], ...]:
    return (("Files", "46 open of 20000"),)
