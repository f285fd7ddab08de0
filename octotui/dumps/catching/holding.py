"""Who stands still by octotui's will, and who asked for it and waits for the answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from octotui.dumps.arming.rule import HOLD_SECONDS
from octotui.dumps.arming.state import HoldState
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey

BY_YOU = "you"


def by_rule(rule_id: int) -> str:
    return f"rule {rule_id}"


class Holds:
    """The holds as the sentry tells of them, and the person who waits for one."""

    def __init__(self) -> None:
        self._states: dict[ProcessKey, HoldState] = {}
        self._asked: dict[ProcessKey, tuple[str, float]] = {}
        self._announced: dict[ProcessKey, tuple[str, float]] = {}
        self._waiting: dict[ProcessKey, asyncio.Future[HoldState]] = {}

    @property
    def states(self) -> tuple[HoldState, ...]:
        return tuple(self._states.values())

    def __getitem__(self, key: ProcessKey) -> HoldState | None:
        return self._states.get(key)

    def ask(self, key: ProcessKey, by: str, seconds: float) -> None:
        """A hold is ordered."""
        self._asked[key] = (by, seconds)

    def asked_by_rule(self, key: ProcessKey) -> int | None:
        """The rule that ordered a hold which has not come about yet."""
        by, _ = self._asked.get(key, ("", 0.0))
        return int(by.removeprefix("rule ")) if by.startswith("rule ") else None

    def wait(self, key: ProcessKey) -> asyncio.Future[HoldState]:
        """What the answer to an order of a person comes by."""
        future: asyncio.Future[HoldState] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        return future

    def is_asked(self, key: ProcessKey) -> bool:
        """Whether a hold of it was ordered and has not come about yet."""
        return key in self._asked

    def announced(self, key: ProcessKey, by: str, seconds: float) -> None:
        """The sentry is about to stop it, for `seconds` at most."""
        self._announced[key] = (by, seconds)

    def began(self, key: ProcessKey, name: str, since: float, *, is_early: bool) -> HoldState:
        """It stands still now."""
        by, limit = self._announced.get(key) or self._asked.get(key) or (BY_YOU, HOLD_SECONDS)
        self._announced.pop(key, None)
        self._asked.pop(key, None)
        state = self._states[key] = HoldState(key, name, by, since, limit, is_early)
        future = self._waiting.pop(key, None)
        if future is not None and not future.done():
            future.set_result(state)
        return state

    def became_ready(self, key: ProcessKey) -> None:
        if key in self._states:
            self._states[key] = replace(self._states[key], is_early=False)

    def failed(self, key: ProcessKey, error: OctotuiError) -> None:
        """It was not stopped."""
        self._asked.pop(key, None)
        future = self._waiting.pop(key, None)
        if future is not None and not future.done():
            future.set_exception(error)

    def ended(self, key: ProcessKey) -> HoldState | None:
        """It runs again, or is gone; the hold as it was."""
        self._announced.pop(key, None)
        return self._states.pop(key, None)

    def clear(self, error: OctotuiError) -> tuple[ProcessKey, ...]:
        """All are over at once; those that stood still."""
        for key in list(self._waiting):
            self.failed(key, error)
        self._asked.clear()
        keys = tuple(self._states)
        self._states.clear()
        return keys
