"""What a rule wants done. Whoever carries a decision out tells the rule book what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from octotui.dumps.arming.state import News
from octotui.processes.model import ProcessKey


@dataclass(frozen=True, slots=True)
class Capture:
    """Capture `key` now. `is_held`: it stands still by a hold of this rule, so a backend has to fit that."""

    rule_id: int
    key: ProcessKey
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class TakeStacks:
    """Look at the managed stacks of `key` now, and write them down."""

    rule_id: int
    key: ProcessKey


@dataclass(frozen=True, slots=True)
class Hold:
    """Stop `key` for `seconds` at most; `when_ready`: let it run until its runtime is ready, and stop it then."""

    rule_id: int
    key: ProcessKey
    seconds: float
    when_ready: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Let `key` go, which this rule holds."""

    rule_id: int
    key: ProcessKey


@dataclass(frozen=True, slots=True)
class Trace:
    """Trace `key`, which runs already, to its end."""

    rule_id: int
    key: ProcessKey


@dataclass(frozen=True, slots=True)
class Cancel:
    """Trace `key` no longer; a dump of it that is being written is not wanted."""

    rule_id: int
    key: ProcessKey


@dataclass(frozen=True, slots=True)
class Disarm:
    """The rule is over: nothing new is to be caught for it."""

    rule_id: int


@dataclass(frozen=True, slots=True)
class Say:
    """Tell people."""

    news: News


Decision = Capture | TakeStacks | Hold | Release | Trace | Cancel | Disarm | Say
