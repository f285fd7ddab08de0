"""One line of the doctor: how it stands, what was looked at, what was found, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """`failure` means that captures cannot work, `warning` that some of them cannot or that it may hurt."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Check:
    """`fix` is the command to run or the setting to change; it is empty when there is nothing to mend."""

    status: Status
    title: str
    detail: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        return {"status": self.status.value, "title": self.title, "detail": self.detail, "fix": self.fix}


def ok(title: str, detail: str, fix: str = "") -> Check:
    return Check(Status.OK, title, detail, fix)


def warning(title: str, detail: str, fix: str = "") -> Check:
    return Check(Status.WARNING, title, detail, fix)


def failure(title: str, detail: str, fix: str = "") -> Check:
    return Check(Status.FAILURE, title, detail, fix)
