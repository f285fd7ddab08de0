"""Ctrl+Z: back to the shell, when there is one that can bring the program back."""

from __future__ import annotations

import os
import signal
import sys


def why_not_suspend() -> str:
    """Why the program cannot be suspended, "" when it can.

    A stopped program that no shell watches would stand still for ever, with its terminal.
    """
    if sys.platform == "win32":
        return "There is no suspending on Windows"
    parent = os.getppid()
    try:
        is_of_a_shell = os.getsid(0) != os.getpid() and os.getsid(parent) == os.getsid(0)
    except OSError:
        is_of_a_shell = False
    return "" if is_of_a_shell else "There is no shell to go back to: octotui was started without one"


def suspend() -> None:
    """Stop the whole job, as the terminal would: a wrapper such as sudo or make waits for the shell too."""
    if os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp():
        os.killpg(os.getpgrp(), signal.SIGTSTP)
    else:
        os.kill(os.getpid(), signal.SIGTSTP)
