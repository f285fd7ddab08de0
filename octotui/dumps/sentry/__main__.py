"""The sentry's program: `python -I -m octotui.dumps.sentry`, with one end of a socket pair as its standard input.

octotui starts it (`client.Sentry.start`); by hand it says so and ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import stat
import sys
import traceback
from collections.abc import Callable

from octotui.dumps.sentry.forking import be_undisturbed
from octotui.dumps.sentry.guard import Guard
from octotui.dumps.sentry.link import Closed, Link
from octotui.dumps.sentry.traces import Serve, load_tracer

LINK = 0
URGENCY = -15
PRIORITY = 1
"""The lowest of those that run before all ordinary processes: a stop that comes late is none."""

WITHOUT_EVENTS = "--without-events"


def main(load: Callable[[], Serve] = load_tracer) -> int:
    """Serves until octotui says so or is gone; whatever happens, nothing stays held. The exit status."""
    if not stat.S_ISSOCK(os.fstat(LINK).st_mode):
        print("octotui starts this program by itself: octotui catch --help", file=sys.stderr)
        return 2
    octotui_pid = os.getppid()
    be_undisturbed()
    be_urgent()
    link = Link(socket.socket(fileno=os.dup(LINK)))
    os.dup2(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC), LINK)
    guard = Guard(link, octotui_pid, load, wants_events=WITHOUT_EVENTS not in sys.argv[1:])
    # A collection would come at the worst moment, and the sentry makes no cycles worth it.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        guard.run()
    except Closed:
        pass
    except Exception:
        # The one place that shows what nobody foresaw; what is held is let go below.
        with contextlib.suppress(Closed):
            link.tell("broken", message=traceback.format_exc(limit=-4)[-2000:])
        raise
    finally:
        guard.close()
        link.close()
    return 0


def be_urgent() -> None:
    """Goes before others on a busy host, where it may.

    Priority is all that a fork of it, a tracer or the keeper, does not get. Should the sentry ever be busy for long,
    the kernel leaves others a share of each second (sched_rt_runtime_us).
    """
    with contextlib.suppress(OSError):
        os.nice(URGENCY)
    # Each session is a scheduling group of its own, within which alone the number above counts.
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:
        group.write(str(URGENCY))
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))


if __name__ == "__main__":
    sys.exit(main())
