"""The rules that are armed, as the sentry keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field

from octotui.dumps.sentry.matching import Matcher
from octotui.dumps.sentry.orders import Arm
from octotui.processes.model import ProcessKey


@dataclass(slots=True)
class ArmedRule:
    """One rule. `caught` keeps it from catching a process twice; `before` are the processes that matched when it was
    armed, which a scan after lost events must not take for new.
    """

    order: Arm
    matcher: Matcher
    caught: set[ProcessKey] = field(default_factory=set)
    before: set[ProcessKey] = field(default_factory=set)

    @property
    def id(self) -> int:
        return self.order.id

    @property
    def by(self) -> str:
        """The owner of its holds, as octotui shows it."""
        return f"rule {self.order.id}"
