"""One tracer as the sentry sees it: a forked child, its link, and when it was last heard of."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any, NoReturn

from octotui.dumps.sentry.forking import be_urgent, fork_child
from octotui.dumps.sentry.glance import stat_of
from octotui.processes.model import ProcessKey

Serve = Callable[[socket.socket], NoReturn]
"""What a tracer runs: `octotui.dumps.exits.tracer.serve`."""

LEAVE_LOOK_SECONDS = 0.002
TITLE = "octotui-tracer: waits for the end of a process"


class Tracer:
    """One child that traces one process, from the sentry's side."""

    def __init__(self, serve: Serve) -> None:
        """Forks it. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self.pid = fork_child((theirs.fileno(),), TITLE, lambda: _serve(serve, theirs))
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self.link = ours
        self.key: ProcessKey | None = None
        self.rule_id = 0
        self.patience = 0.0
        self.heard_at = 0.0
        self.stopped_looks = 0
        self.is_writing = False
        self.is_done = False

    def send(self, order: dict[str, Any]) -> bool:
        try:
            self.link.send(json.dumps(order).encode(), socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
        except OSError:
            return False
        return True

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            # Our own child, not collected yet: its pid cannot be another's.
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, deadline: float) -> None:
        """Waits for its end, collected or not, until then on the monotonic clock."""
        while (stat := stat_of(self.pid)) is not None and stat.state not in "ZX" and time.monotonic() < deadline:
            time.sleep(LEAVE_LOOK_SECONDS)

    def collect(self, *, waits: bool = True) -> None:
        """`waits`: until it is gone, which one that hangs in the kernel may not be for long."""
        self.link.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0 if waits else os.WNOHANG)


def load_tracer() -> Serve:
    """What tracers run; loaded when the first is needed. Raises ImportError."""
    from octotui.dumps.exits.tracer import serve

    return serve


def _serve(serve: Serve, link: socket.socket) -> None:
    # What it traces stops for it now and then, and waits as long as it takes it to wake.
    be_urgent()
    serve(link)
