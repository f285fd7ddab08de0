"""A watch rule while it is being made: what stands in each field of the form, and the rule that comes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from octotui.dumps.arming.checking import check
from octotui.dumps.arming.rule import HOLD_SECONDS, Rule, Take, When, Whom
from octotui.errors import OctotuiError
from octotui.processes.filters import FilterError, parse_filter


class Moment(StrEnum):
    """When the dump is made; the value is what the form says."""

    READY = "as soon as it is ready"
    FAILED_END = "at its end, only if it failed"
    ANY_END = "at its end, whatever its status"

    @property
    def is_end(self) -> bool:
        return self is not Moment.READY


@dataclass(frozen=True, slots=True)
class Choosable:
    """One answer to the question whom. `is_service`: it can take in a Tentacle or a Server."""

    words: str
    whom: Whom
    is_service: bool = False

    @property
    def waits(self) -> bool:
        """Whether it waits for processes that do not run yet."""
        return self.whom.key is None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field, in words; `start` and `end` mark the part of a filter that makes no sense."""

    field: str
    message: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields as they stand in the form. Texts are as they were typed; an empty one asks for nothing."""

    choosable: tuple[Choosable, ...]
    chosen: int = 0
    filter: str = ""
    moment: Moment = Moment.READY
    take: Take = Take.DUMP
    after: str = ""
    cpu: str = ""
    cpu_for: str = ""
    memory: str = ""
    threads: str = ""
    quiet: str = ""
    is_held: bool = False
    hold_for: str = f"{HOLD_SECONDS:g}"
    holds_services: bool = False
    count: str = "1"
    every: str = ""
    minutes: str = ""
    destination: Path | None = None

    @property
    def whom(self) -> Choosable:
        return self.choosable[self.chosen]

    @property
    def can_be_held(self) -> bool:
        """A process that is traced to its end is not held as well, nor one that is asked first and then captured."""
        return not self.moment.is_end and self.take is not Take.BOTH

    @property
    def needs_tick(self) -> bool:
        """Whether a hold could stop a Tentacle or a Server, which only an explicit word allows."""
        return self.is_held and self.can_be_held and self.whom.is_service

    @property
    def _thing(self) -> str:
        return "dump" if self.take.has_dump else "look"

    def rule(self) -> Rule | Problem:
        """The rule, or the first thing that is wrong."""
        try:
            parse_filter(self.filter)
            rule = self._made()
            check(rule)
        except FilterError as error:
            return Problem("filter", str(error), error.position, error.end)
        except _Wrong as wrong:
            return wrong.problem
        except OctotuiError as error:
            return Problem(_field_of(self), str(error))
        return rule

    def _made(self) -> Rule:
        whom = replace(self.whom.whom, filter=self.filter.strip())
        if not (whom.key or whom.role or whom.name or whom.under or whom.filter):
            raise _Wrong("filter", "say whom: type a part of its name or command line, or role:calamari")
        if self.moment.is_end and self.take.has_stacks:
            raise _Wrong("take", "a process that stands at its end cannot be asked for its stacks: take a dump")
        is_held = self.is_held and self.can_be_held
        if is_held and whom.key is not None and self.whom.is_service and not self.holds_services:
            raise _Wrong("services", "a Tentacle or a Server is held only with this tick")
        cpu, lasting = _number("cpu", self.cpu), _number("cpu_for", self.cpu_for)
        if lasting is not None and cpu is None:
            raise _Wrong("cpu", "how much CPU? write 80, or leave the seconds beside it empty")
        count, every = _whole("count", self.count) or 1, _number("every", self.every)
        if every is not None and count < 2:
            raise _Wrong("count", f"how many? one {self._thing} has no time between {self._thing}s")
        if count > 1 and whom.key is not None and every is None:
            raise _Wrong("every", f"several {self._thing}s of one process need a time between them: write 10")
        minutes, memory = _number("minutes", self.minutes), _number("memory", self.memory)
        when = When(
            after_seconds=_number("after", self.after) or 0.0,
            cpu_percent=cpu,
            cpu_seconds=lasting or 0.0,
            rss_bytes=None if memory is None else int(memory * 1_000_000),
            threads=_whole("threads", self.threads),
            quiet_seconds=_number("quiet", self.quiet),
            at_exit=self.moment.is_end,
        )
        return Rule(
            whom,
            when,
            self.take,
            hold=is_held,
            hold_seconds=_number("hold_for", self.hold_for) or HOLD_SECONDS,
            hold_services=is_held and self.needs_tick and self.holds_services,
            any_status=self.moment is Moment.ANY_END,
            count=count,
            every_seconds=every,
            timeout_seconds=None if minutes is None else minutes * 60,
            destination=self.destination,
        )


class _Wrong(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(field, message)


def _number(name: str, text: str) -> float | None:
    """A number above 0; None for an empty field."""
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise _Wrong(name, f"{text.strip()[:20]!r} is no number above 0")
    return value


def _whole(name: str, text: str) -> int | None:
    value = _number(name, text)
    if value is not None and value != int(value):
        raise _Wrong(name, "a whole number is needed")
    return None if value is None else int(value)


def _field_of(draft: Draft) -> str:
    """Where a problem that belongs to several fields is shown."""
    return "every" if draft.every else "count"
