"""Ways to run the command line: inside this process, and as the real program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest
from cli_runner import Completed

from octotui.cli import run
from octotui.cli.output import Session


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Completed]:
    """Runs a command line in this process."""

    def call(*arguments: str) -> Completed:
        status = run(list(arguments), Session())
        written = capsys.readouterr()
        return Completed(status, written.out, written.err)

    return call


@pytest.fixture
def program() -> Callable[..., Completed]:
    """Runs the real program without a terminal."""

    def call(*arguments: str, environment: Mapping[str, str] | None = None) -> Completed:
        done = subprocess.run(
            [sys.executable, "-m", "octotui", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, **(environment or {})},
            timeout=120,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(autouse=True)
def unicode_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests read the same words on a machine that has no locale set."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
