"""What the watch tells, brought before a person: toasts, the message bar, and the line that says what is held."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Literal

from textual.timer import Timer

from octotui.dumps.arming.state import News
from octotui.dumps.model import Severity
from octotui.text import printable
from octotui.ui.sampling import SOONEST_SECONDS
from octotui.ui.screens.processes import ProcessesScreen
from octotui.ui.screens.rules import RulesScreen

if TYPE_CHECKING:
    from octotui.ui.app import OctotuiApp

TICK_SECONDS = 0.5
"""How often the seconds of a hold are looked at, while there is one."""

TOAST_SECONDS = 4.0
MOST_TOASTS = 3
"""So many within `TOAST_SECONDS`: a storm of news stays readable, and the rules list it all."""

LEAST_HEIGHT = 12
"""Lines of a terminal below which a toast would hide what it tells of."""

_SEVERITIES: dict[Severity, Literal["information", "warning", "error"]] = {
    Severity.NOTICE: "information",
    Severity.WARNING: "warning",
    Severity.REFUSAL: "error",
}


class FollowedWatch:
    """Shows what happens to rules and holds, on whichever screen is on top."""

    def __init__(self, app: OctotuiApp) -> None:
        self._app = app
        self._toasts: deque[float] = deque(maxlen=MOST_TOASTS)
        self._timer: Timer | None = None

    def tell(self, news: News) -> None:
        """One piece of news: kept, said, and shown for a moment."""
        app = self._app
        app.processes.watching.tell(news)
        text = f"{news.text}; {news.hint}" if news.hint else news.text
        app.processes.say(text, is_error=news.severity is Severity.REFUSAL)
        self._toast(news)
        self._look_for(news)
        app.processes.show_watch()

    def _look_for(self, news: News) -> None:
        """A process that the table does not show yet is there with the next sample: take that now."""
        latest = self._app.processes.model.latest
        if news.key is None or latest is None or latest.process(news.key) is not None:
            return
        if time.monotonic() - latest.snapshot.monotonic > SOONEST_SECONDS:
            self._app.rescan()

    def _toast(self, news: News) -> None:
        """For a moment, where no message bar and no list says it: over rows it would hide what it tells of."""
        if isinstance(self._app.screen, (ProcessesScreen, RulesScreen)):
            return
        now = time.monotonic()
        is_flood = len(self._toasts) == MOST_TOASTS and now - self._toasts[0] < TOAST_SECONDS
        if is_flood or self._app.size.height < LEAST_HEIGHT:
            return
        self._toasts.append(now)
        text = self._app.glyphs.text(printable(news.text, 300))
        self._app.notify(text, severity=_SEVERITIES[news.severity], timeout=TOAST_SECONDS, markup=False)

    def show(self) -> None:
        """Say on every screen what is held, and keep its seconds counting."""
        watching = self._app.processes.watching
        holds, now = watching.holds, watching.now
        for screen in self._app.screen_stack:
            bar = getattr(screen, "hold_bar", None)
            if bar is not None and bar.is_mounted:
                bar.put(holds, now)
        self._app.set_class(bool(holds), "-holding")
        if holds and self._timer is None:
            self._timer = self._app.set_interval(TICK_SECONDS, self.show)
        elif not holds and self._timer is not None:
            self._timer.stop()
            self._timer = None
            self._app.processes.show_watch()
