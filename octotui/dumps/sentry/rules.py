"""The rules that are armed, as the sentry keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field

from octotui.dumps.sentry.matching import Matcher
from octotui.dumps.sentry.orders import Arm
from octotui.processes.model import ProcessKey

MOST_REMEMBERED = 8192


def owner_of(rule_id: int) -> str:
    """Who holds for a rule, as octotui shows it."""
    return f"rule {rule_id}"


@dataclass(slots=True)
class ArmedRule:
    """One rule. `caught` keeps it from catching a process twice; `before` are the processes that matched when it was
    armed, which a scan after lost events must not take for new.
    """

    order: Arm
    matcher: Matcher
    caught: dict[ProcessKey, None] = field(default_factory=dict)
    before: set[ProcessKey] = field(default_factory=set)

    @property
    def id(self) -> int:
        return self.order.id

    def note_caught(self, key: ProcessKey) -> None:
        """Remembers a catch, also past its end: what a scan or a second look finds then is its zombie."""
        if len(self.caught) >= MOST_REMEMBERED:
            self.caught = dict.fromkeys(list(self.caught)[MOST_REMEMBERED // 2 :])
        self.caught[key] = None

    @property
    def by(self) -> str:
        """The owner of its holds, as octotui shows it."""
        return owner_of(self.order.id)
