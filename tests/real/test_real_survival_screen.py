"""The screen loses its terminal in the middle of a capture: the target runs on, and the next start says the rest."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from dotnet_targets import DotnetTarget, StartTarget
from real_captures import wait_until
from survival import Findings, Scene

BALLAST_MB = 120
PATIENCE = 60.0


class ScreenOn:
    """The screen on a pseudo terminal of its own, showing one process; what it writes is read as it comes."""

    def __init__(self, scene: Scene) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.seen = bytearray()
        # setsid --ctty makes the pseudo terminal the controlling one, so that closing it is a hangup as over SSH.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", "octotui", "--all", "--pid", str(scene.target.pid)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**scene.environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        )
        os.close(slave)
        self._is_over = threading.Event()
        self._is_frozen = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):
            while not self._is_over.is_set():
                if self._is_frozen.is_set():
                    time.sleep(0.02)
                elif select.select([self.master], [], [], 0.02)[0]:
                    self.seen += os.read(self.master, 65536)

    def wait_for(self, words: bytes) -> None:
        deadline = time.monotonic() + PATIENCE
        while words not in self.seen:
            assert time.monotonic() < deadline, f"{words!r} was never seen"
            assert self.process.poll() is None, f"ended with {self.process.returncode}"
            time.sleep(0.01)

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def freeze(self) -> None:
        """The terminal takes nothing any more (Ctrl+S, a stalled connection), and the program has much to write."""
        self._is_frozen.set()
        for columns in range(80, 140):
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            time.sleep(0.03)

    def thaw(self) -> None:
        self.seen.clear()
        self._is_frozen.clear()

    def hang_up(self) -> None:
        """Closes the only master of the terminal, as sshd does when the connection breaks."""
        if not self._is_over.is_set():
            # A read under way would keep it open.
            self._is_over.set()
            self._reader.join()
            os.close(self.master)


@contextmanager
def screen_on(scene: Scene) -> Iterator[ScreenOn]:
    screen = ScreenOn(scene)
    try:
        yield screen
    finally:
        if screen.process.poll() is None:
            screen.process.kill()
        screen.process.wait()
        screen.hang_up()


@contextmanager
def capture_under_way(state: Path, target: DotnetTarget) -> Iterator[tuple[Scene, ScreenOn]]:
    """The screen with a capture whose dump is being written."""
    scene = Scene(state, target)
    with screen_on(scene) as screen:
        scene.process = screen.process
        screen.wait_for(b"PROCESS")
        screen.wait_for(str(target.pid).encode())
        screen.press(b"D")
        screen.wait_for(b"Capture")
        time.sleep(0.3)
        screen.press(b"\r")
        wait_until(lambda: scene.phase() in ("writing", "whole", "moved", "recorded", "digested"), "it captures")
        yield scene, screen


@pytest.mark.parametrize("loss", ["hangup", "closed", "terminate", "kill"])
def test_screen_that_is_lost_in_a_capture_leaves_the_target_running_and_tells_the_rest_at_the_next_start(
    tmp_path: Path, start_target: StartTarget, loss: str
) -> None:
    target = start_target(ballast_mb=BALLAST_MB)
    with capture_under_way(tmp_path / "state", target) as (scene, screen):
        if loss == "closed":
            screen.hang_up()
        else:
            number = {"hangup": signal.SIGHUP, "terminate": signal.SIGTERM, "kill": signal.SIGKILL}[loss]
            screen.process.send_signal(number)
        # It neither lingers nor spins: it is gone.
        screen.process.wait(PATIENCE)
        scene.in_order = loss != "kill"
        was_begun = bool(scene.entries())
        assert was_begun or loss != "kill"
    if was_begun:
        with screen_on(scene) as screen:
            screen.wait_for(b"octotui was ended")
            wait_until(lambda: not scene.entries(), "it is settled")
            screen.process.send_signal(signal.SIGTERM)
            screen.process.wait(PATIENCE)
    assert scene.judge(was_begun) == Findings()


def test_frozen_terminal_holds_up_no_capture_and_shows_the_whole_picture_when_it_goes_on(
    tmp_path: Path, start_target: StartTarget
) -> None:
    scene = Scene(tmp_path / "state", start_target())
    with screen_on(scene) as screen:
        screen.wait_for(b"PROCESS")
        screen.wait_for(str(scene.target.pid).encode())
        screen.freeze()
        screen.press(b"D")
        time.sleep(2)
        screen.press(b"\r")
        wait_until(lambda: scene.phase() == "ended", "the capture ends")
        screen.thaw()
        screen.wait_for(b"verified")
        screen.wait_for(b"PROCESS")
        screen.freeze()
        screen.process.send_signal(signal.SIGTERM)
        screen.process.wait(PATIENCE)
    assert scene.judge(was_begun=False) == Findings()
