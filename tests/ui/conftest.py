"""What every test of the screen needs: one user name, no second sample unless asked for, no clock in a frame."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from octotui.processes.detail import Limit, ProcessDetail
from octotui.processes.model import ProcessInfo


@pytest.fixture(autouse=True)
def steady_screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("octotui.ui.sampling.SECOND_SAMPLE_SECONDS", 3600.0)
    monkeypatch.setattr("octotui.ui.handlers.jumps.LONE_SECONDS", 0.0)
    monkeypatch.setattr("octotui.ui.inspection.REST_SECONDS", 0.0)
    monkeypatch.setattr("octotui.ui.counting.REST_SECONDS", 0.0)
    monkeypatch.setattr("octotui.ui.inspection.read_facts", _no_facts)
    # The start of a process is shown in local time.
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def _no_facts(process: ProcessInfo) -> ProcessDetail:
    return ProcessDetail(
        process, 46, (Limit("Max open files", "20000", "20000"), Limit("Max core file size", "0", "0"))
    )
