"""The terminal driver: a terminal that is gone or frozen holds up neither the program nor the captures it watches over.

Textual hands its output to a thread through a short queue and waits where that is full: for ever, when the thread has
ended with the terminal or is stuck in it.
"""

from __future__ import annotations

import os
import select
import sys
from codecs import getincrementaldecoder
from contextlib import suppress
from queue import Empty, Full
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.drivers._writer_thread import WriterThread

PATIENCE_SECONDS = 0.25
"""How long output may wait for a slow terminal before what follows is left out, up to the next whole picture."""

ENDING_SECONDS = 1.0

READ_BYTES = 4096
LOOK_SECONDS = 0.1
"""How soon after the last input it is looked at again, for an Escape that is no beginning of a key."""

LOOKS = 3
"""So many such looks settle what came last; after them nothing is done until more comes."""

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


def driver_class() -> type[Driver] | None:
    """The driver for this system; None for Textual's own choice."""
    if sys.platform == "win32":
        return None
    from textual._xterm_parser import XTermParser
    from textual.drivers.linux_driver import LinuxDriver

    class PatientDriver(LinuxDriver):
        """Leaves output out rather than wait for a terminal. `has_left_out` until the next `take_left_out`."""

        _writer_thread: WriterThread | None
        has_left_out = False
        _wake = -1

        def write(self, data: str) -> None:
            thread = self._writer_thread
            if thread is None or not thread.is_alive():
                return
            if self.has_left_out and not thread._queue.empty():
                return
            try:
                thread._queue.put(data, timeout=PATIENCE_SECONDS)
            except Full:
                self.has_left_out = True

        def take_left_out(self) -> bool:
            """True when output was left out and the terminal takes some again: the whole picture is needed then."""
            if not self.has_left_out or self._writer_thread is None or not self._writer_thread._queue.empty():
                return False
            self.has_left_out = False
            return True

        def _sigcont_application(self, *_: object) -> None:
            """Back from a stop. Textual's own starts a second set of threads, and takes the raw modes for those of the
            shell, where the program was stopped without its doing (`kill -STOP`): then only the picture is missing.
            """
            if self._must_signal_resume:
                super()._sigcont_application()
            elif self._writer_thread is not None:
                self.send_message(self.SignalResume())

        def run_input_thread(self) -> None:
            """Keys and mouse as events. Textual's own ends the program at a byte that is not UTF-8, which one key of a
            terminal set to Latin-1 sends.
            """
            parser = XTermParser(self._debug)
            decode = getincrementaldecoder("utf-8")("replace").decode
            wake, self._wake = os.pipe()
            poll = select.poll()
            for descriptor in (self.fileno, wake):
                poll.register(descriptor, select.POLLIN)
            looks = 0
            try:
                while not self.exit_event.is_set():
                    ready = [descriptor for descriptor, _ in poll.poll(LOOK_SECONDS * 1000 if looks else None)]
                    looks = LOOKS if ready else looks - 1
                    text = ""
                    if wake in ready:
                        os.read(wake, 1)
                    if self.fileno in ready:
                        raw = os.read(self.fileno, READ_BYTES)
                        text = decode(raw)
                        if not raw:
                            self.exit_event.wait(LOOK_SECONDS)
                    for event in (*(parser.feed(text) if text else ()), *parser.tick()):
                        self.process_message(event)
            except OSError:
                # The terminal is gone, which the application looks at by itself.
                return
            finally:
                waking, self._wake = self._wake, -1
                os.close(wake)
                os.close(waking)

        def disable_input(self) -> None:
            """Textual's own, which waits for the input thread; that one is woken, to look for the end of its work."""
            with suppress(OSError):
                os.write(self._wake, b"x")
            super().disable_input()

        def set_mouse(self, is_on: bool) -> None:
            """Have the terminal report the mouse, or leave it to the terminal."""
            if is_on:
                self._mouse = True
                self._enable_mouse_support()
                if self._mouse_pixels:
                    self._enable_mouse_pixels()
                return
            if self._mouse_pixels:
                self.write("\x1b[?1016l")
            self._disable_mouse_support()
            self._mouse = False

        def close(self) -> None:
            thread = self._writer_thread
            if thread is None:
                return
            while thread.is_alive():
                try:
                    thread._queue.put(None, timeout=ENDING_SECONDS)
                    break
                except Full:
                    # The terminal takes nothing: what still waits for it is let go, so that the thread sees the end.
                    _emptied(thread)
            thread.join(ENDING_SECONDS)

    return PatientDriver


def _emptied(thread: WriterThread) -> None:
    try:
        while True:
            thread._queue.get_nowait()
    except Empty:
        return


def is_terminal_gone() -> bool:
    """Whether nobody is at the other end of the standard input any more."""
    poll = select.poll()
    poll.register(0, 0)
    return any(event & _GONE for _, event in poll.poll(0))
