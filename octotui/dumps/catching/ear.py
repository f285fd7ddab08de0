"""What the sentry tells, understood: each message becomes an event of the rule book, a hold, or the end of a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from octotui.dumps.arming.decisions import Decision, Say
from octotui.dumps.arming.state import News
from octotui.dumps.arming.tally import Outcome
from octotui.dumps.arming.words import status_words
from octotui.dumps.catching.capturing import NO_ROOM
from octotui.dumps.catching.port import Message, key_of
from octotui.dumps.catching.preflight import writes_crash_dumps
from octotui.dumps.model import Severity
from octotui.dumps.sentry.polling import SHORTEST_MS
from octotui.errors import ProcessGone, Refused
from octotui.processes.model import ProcessKey
from octotui.text import printable

if TYPE_CHECKING:
    from octotui.dumps.catching.desk import Desk

_GONE = frozenset({"gone", "process-gone", "pid-reused", "zombie"})
_WHY_RELEASED = {
    "limit": "the time of its hold is up",
    "owner": "octotui stood still itself",
    "gone": "octotui was gone",
}

Answer = list[Decision]


class Ear:
    """Understands the messages of one sentry. What it does not know, a newer sentry's word, is passed over."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._words: dict[str, Callable[[Message, int, ProcessKey, float], Answer]] = {
            "ready": self._ready,
            "armed": self._armed,
            "refused": self._refused,
            "caught": self._caught,
            "holding": self._holding,
            "held": self._held,
            "released": self._released,
            "runtime": self._runtime,
            "ended": self._ended,
            "lost": self._lost,
            "unseen": self._unseen,
            "tracing": self._tracing,
            "untraceable": self._untraceable,
            "exiting": self._exiting,
            "writing": self._writing,
            "written": self._written,
            "passed": self._passed,
            "failed": self._failed,
            "gone": self._gone,
        }

    def hear(self, message: Message, now: float) -> Answer:
        """What shall be done upon a message. Raises ValueError or TypeError for one that makes no sense."""
        understand = self._words.get(str(message.get("news")))
        if understand is None:
            return []
        return understand(message, int(message.get("id") or 0), key_of(message), now)

    def _ready(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        self._desk.reach = ""
        if not message.get("events"):
            shortest = f"processes shorter than about {SHORTEST_MS} ms can be missed"
            reason = _text(message, "reason") or "the kernel tells of no starts here"
            self._desk.reach = f"{reason}: {shortest}"
        return []

    def _armed(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        self._desk.answer_arming(rule_id, None)
        return []

    def _refused(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        desk = self._desk
        words, hint, code = _text(message, "message"), _text(message, "hint"), _text(message, "code")
        error = (ProcessGone if code in _GONE else Refused)(words or "the sentry refused", hint=hint, code=code)
        if not key.pid:
            if desk.answer_arming(rule_id, error):
                return []
            return [Say(News(Severity.WARNING, error.message, hint, rule_id or None))]
        asking = desk.holds.asked_by_rule(key)
        desk.holds.failed(key, error)
        if asking is not None:
            return desk.book.not_held(asking, key, now, error.message)
        if not desk.book.is_open(rule_id, key):
            return []
        if desk.book.is_traced(key):
            return self._untraceable(message, rule_id, key, now)
        # A hold at its start that could not be: it is captured as it runs.
        return [Say(News(Severity.WARNING, error.message, hint, rule_id, key))]

    def _caught(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        if message.get("open"):
            # Its filter compares figures: the next samples will tell.
            return []
        process, meaning = self._desk.faces.meet(key, _text(message, "name"))
        is_held = bool(message.get("held"))
        name = meaning.label or process.name or f"process {key.pid}"
        return self._desk.book.caught(rule_id, key, name, meaning.role, now, is_held=is_held)

    def _holding(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        seconds = float(message.get("seconds") or 0.0)
        self._desk.holds.announced(key, _text(message, "by"), seconds or self._desk.book.hold_seconds(key))
        return []

    def _held(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        desk = self._desk
        process, meaning = desk.faces.meet(key)
        # One that is held at its exec is told of before it is told that it was caught.
        is_early = desk.book.is_without_runtime(key) or not (desk.holds.is_asked(key) or desk.book.has(key))
        name = meaning.label or process.name
        state = desk.holds.began(key, name, now, is_early=is_early)
        if state.by == "you":
            return [Say(News(Severity.WARNING, f"{name} {key.pid} stands still", "release it: H", None, key))]
        return desk.book.held(key, now)

    def _released(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        state = self._desk.holds.ended(key)
        why = _WHY_RELEASED.get(_text(message, "why"), "")
        found: Answer = []
        if state is not None and (state.by == "you" or why):
            words = f"{state.name} {key.pid} runs again" + (f": {why}" if why else "")
            found.append(Say(News(Severity.NOTICE, words, "", rule_id or None, key)))
        return found + self._desk.book.released(key, now)

    def _runtime(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        self._desk.holds.became_ready(key)
        if self._desk.book.is_traced(key):
            self._desk.ends.look(key)
        return self._desk.book.ready(key, now)

    def _ended(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        self._desk.holds.ended(key)
        self._desk.holds.failed(key, ProcessGone(f"process {key.pid} has ended", hint="look at the tree again"))
        return self._desk.book.ended(key, now)

    def _lost(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        count = int(message.get("count") or 1)
        self._desk.book.lost(count)
        words = "The kernel dropped events; octotui looked through all processes, but some may have come and gone"
        return [Say(News(Severity.WARNING, words))]

    def _unseen(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        # Most of them are nobody's: they are counted with the rule, and no sentence interrupts for them.
        self._desk.book.unseen(int(message.get("count") or 1))
        return []

    def _tracing(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        threads = message.get("threads")
        count = len(threads) if isinstance(threads, list) else int(threads or 1)
        found = self._desk.book.traced(rule_id, key, now, count)
        if found and writes_crash_dumps(key):
            words = "is set up to write its own crash dump (DOTNET_DbgEnableMiniDump), and will not while it is traced"
            name = self._desk.faces.target(key).name
            found.append(Say(News(Severity.WARNING, f"{name} {key.pid} {words}", "", rule_id, key)))
        return found

    def _untraceable(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        code = _text(message, "code")
        outcome = Outcome.GONE if code in _GONE else Outcome.LEFT if code == "enough-traced" else Outcome.FAILED
        return self._over(message, rule_id, key, outcome, _text(message, "message") or "it cannot be traced")

    def _exiting(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        self._desk.ends.look(key)
        return self._desk.book.exiting(rule_id, key, now, int(message.get("status") or 0))

    def _writing(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        return self._desk.book.writing(rule_id, key, now)

    def _written(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        found: Answer = []
        if not self._desk.book.is_at_work(rule_id, key):
            # A small process is written before its first progress would be told.
            found = self._desk.book.writing(rule_id, key, now)
        self._desk.ends.written(rule_id, key, message, is_wanted=self._desk.book.is_at_work(rule_id, key))
        return found

    def _passed(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        status, why = message.get("status"), _text(message, "why")
        if not isinstance(status, int):
            # It lives on.
            return self._over(message, rule_id, key, Outcome.PASSED, why or "it is traced no more")
        note = f"it ended with {status_words(status)}" + (f" ({why})" if why else "")
        return self._over(message, rule_id, key, Outcome.PASSED, note, status)

    def _failed(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        status = message.get("status")
        outcome = Outcome.LEFT if _text(message, "code") in NO_ROOM else Outcome.FAILED
        note = _text(message, "message") or "its dump could not be written"
        return self._over(message, rule_id, key, outcome, note, int(status) if isinstance(status, int) else None)

    def _gone(self, message: Message, rule_id: int, key: ProcessKey, now: float) -> Answer:
        return self._over(message, rule_id, key, Outcome.GONE, "it ended before its tracer had hold of it")

    def _over(
        self, message: Message, rule_id: int, key: ProcessKey, outcome: Outcome, note: str, status: int | None = None
    ) -> Answer:
        """A trace that came to its end without a dump; after one it says nothing new."""
        if self._desk.ends.is_landing(key):
            return []
        self._desk.ends.forget(key)
        if outcome is not Outcome.PASSED:
            self._desk.tasks.run(self._desk.ends.drop_half(rule_id, key), f"drop-{key.pid}")
        self._desk.end_failed(rule_id, key, outcome, note, _text(message, "hint"), status)
        return []


def _text(message: Message, field: str) -> str:
    value = message.get(field)
    return printable(value, 400) if isinstance(value, str) else ""
