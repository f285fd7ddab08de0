"""What octotui may ask of the sentry, checked: a packet of any bytes gives an order or a sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from octotui.dumps.arming.longest import LONGEST_HOLD_SECONDS
from octotui.processes.model import ProcessKey

MOST_SECONDS = 86400.0
_LARGEST = 1 << 62


class Unusable(ValueError):
    """An order that makes no sense. `code` is a slug, `hint` the next step; `about` names its rule or process."""

    def __init__(self, message: str, *, code: str = "order", hint: str = "", about: Mapping[str, int] | None = None):
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.about = dict(about or {})


@dataclass(frozen=True, slots=True)
class TraceLimits:
    """Where the dump of an end goes, and what it may cost."""

    directory: str
    most_bytes: int | None
    most_seconds: float
    least_free_bytes: int


@dataclass(frozen=True, slots=True)
class Arm:
    """A rule: whom (role, filter, name, under, key) and what happens to them at once."""

    id: int
    role: str
    filter: str
    name: str
    under: ProcessKey | None
    key: ProcessKey | None
    hold: bool
    hold_seconds: float
    hold_services: bool
    at_exit: bool
    any_status: bool
    count: int
    trace: TraceLimits | None
    """Only with `at_exit`."""
    want_ready: bool


@dataclass(frozen=True, slots=True)
class Disarm:
    id: int


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """`when_ready`: stop it in the instant its runtime is ready, and let it run until then if it is held now."""

    key: ProcessKey
    seconds: float
    by: str
    services: bool
    when_ready: bool


@dataclass(frozen=True, slots=True)
class Release:
    key: ProcessKey


@dataclass(frozen=True, slots=True)
class Trace:
    id: int
    key: ProcessKey
    trace: TraceLimits
    any_status: bool


@dataclass(frozen=True, slots=True)
class Cancel:
    key: ProcessKey


@dataclass(frozen=True, slots=True)
class Quit:
    pass


Order = Arm | Disarm | HoldOrder | Release | Trace | Cancel | Quit


def parse_order(packet: bytes) -> Order:
    """The order of one packet. Raises Unusable, whatever the bytes are."""
    try:
        fields = json.loads(packet)
    except (ValueError, RecursionError):
        raise Unusable("an order for the sentry was cut short or is no JSON") from None
    if not isinstance(fields, dict):
        raise Unusable("an order for the sentry is no JSON object")
    reading = _Fields(fields)
    match fields.get("do"):
        case "arm":
            return _arm(reading)
        case "disarm":
            return Disarm(reading.whole("id"))
        case "hold":
            return HoldOrder(
                reading.own_key(),
                reading.seconds("seconds", LONGEST_HOLD_SECONDS),
                reading.text("by", "you"),
                reading.flag("services"),
                _is_when_ready(reading),
            )
        case "release":
            return Release(reading.own_key())
        case "trace":
            limits = reading.limits("trace")
            if limits is None:
                raise reading.wrong("trace")
            return Trace(reading.whole("id"), reading.own_key(), limits, reading.flag("any_status"))
        case "cancel":
            return Cancel(reading.own_key())
        case "quit":
            return Quit()
    raise reading.wrong("do")


def _arm(reading: _Fields) -> Arm:
    whom = reading.part("whom")
    order = Arm(
        id=reading.whole("id"),
        role=whom.text("role"),
        filter=whom.text("filter"),
        name=whom.text("name"),
        under=whom.key("under"),
        key=whom.key("key"),
        hold=reading.flag("hold"),
        hold_seconds=reading.seconds("hold_seconds", LONGEST_HOLD_SECONDS, 60.0),
        hold_services=reading.flag("hold_services"),
        at_exit=reading.flag("at_exit"),
        any_status=reading.flag("any_status"),
        count=reading.whole("count", 1),
        trace=reading.limits("trace") if reading.flag("at_exit") else None,
        want_ready=reading.flag("want_ready"),
    )
    if order.at_exit and order.trace is None:
        raise Unusable("a rule for the end of a process needs a place for its dump", about={"id": order.id})
    return order


def _is_when_ready(reading: _Fields) -> bool:
    when = reading.text("when", "now")
    if when not in ("now", "ready"):
        raise reading.wrong("when")
    return when == "ready"


class _Fields:
    """Fields of one JSON object, each asked for with its type. Every method raises Unusable."""

    def __init__(self, fields: dict[str, Any], about: dict[str, int] | None = None) -> None:
        self._fields = fields
        self._about = about if about is not None else _named(fields)

    def wrong(self, name: str) -> Unusable:
        return Unusable(f"an order for the sentry has no usable {name!r}", about=self._about)

    def text(self, name: str, default: str = "") -> str:
        value = self._fields.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or "\0" in value:
            raise self.wrong(name)
        return value

    def flag(self, name: str) -> bool:
        value = self._fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name)
        return bool(value)

    def whole(self, name: str, default: int | None = None, least: int = 0) -> int:
        value = self._fields.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _LARGEST:
            raise self.wrong(name)
        return value

    def seconds(self, name: str, most: float, default: float | None = None) -> float:
        value = self._fields.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value <= 0:
            raise self.wrong(name)
        return min(float(value), most)

    def own_key(self) -> ProcessKey:
        return ProcessKey(self.whole("pid", least=1), self.whole("started"))

    def key(self, name: str) -> ProcessKey | None:
        value = self._fields.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != 2:
            raise self.wrong(name)
        return _Fields({"pid": value[0], "started": value[1]}, self._about).own_key()

    def part(self, name: str) -> _Fields:
        value = self._fields.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name)
        return _Fields(value, self._about)

    def limits(self, name: str) -> TraceLimits | None:
        if self._fields.get(name) is None:
            return None
        part = self.part(name)
        directory = part.text("directory")
        if not directory.startswith("/"):
            raise part.wrong("directory")
        has_limit = part._fields.get("most_bytes") is not None
        return TraceLimits(
            directory,
            part.whole("most_bytes") if has_limit else None,
            part.seconds("most_seconds", MOST_SECONDS, 600.0),
            part.whole("least_free_bytes", 0),
        )


def _named(fields: dict[str, Any]) -> dict[str, int]:
    """What an order is about, as far as it says so, for the sentence that refuses it."""
    return {
        name: value
        for name in ("id", "pid", "started")
        if isinstance(value := fields.get(name), int) and not isinstance(value, bool) and abs(value) <= _LARGEST
    }
