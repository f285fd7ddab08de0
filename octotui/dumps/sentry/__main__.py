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

from octotui.dumps.sentry.forking import be_undisturbed, be_urgent, run_before_others
from octotui.dumps.sentry.guard import Guard
from octotui.dumps.sentry.link import Closed, Link
from octotui.dumps.sentry.tracer import Serve, load_tracer

LINK = 0
WITHOUT_EVENTS = "--without-events"


def main(load: Callable[[], Serve] = load_tracer) -> int:
    """Serves until octotui says so or is gone; whatever happens, nothing stays held. The exit status."""
    if not stat.S_ISSOCK(os.fstat(LINK).st_mode):
        print("octotui starts this program by itself: octotui catch --help", file=sys.stderr)
        return 2
    octotui_pid = os.getppid()
    be_undisturbed()
    be_urgent()
    run_before_others()
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


if __name__ == "__main__":
    sys.exit(main())
