"""One line of the doctor: how it stands, what was looked at, what was found, and the command that mends it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from octotui.dumps.commands import is_command, whole

_NO_SLUG = re.compile(r"[^a-z0-9]+")


class Status(StrEnum):
    """`failure` means that captures cannot work, `warning` that some of them cannot or that it may hurt."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Check:
    """`fix` is the command to run or what to do instead; it is empty when there is nothing to mend.

    `code` is a stable slug for scripts; the lines of one `group` are shown together.
    """

    status: Status
    title: str
    detail: str
    fix: str = ""
    code: str = ""
    group: str = ""

    @property
    def is_command(self) -> bool:
        """Whether `fix` can be pasted into a shell as it stands."""
        return is_command(self.fix)

    def within(self, group: str) -> Check:
        """The same line, shown with those of `group`, its command fit to be pasted anywhere."""
        return replace(self, group=group, fix=whole(self.fix))

    def as_json(self) -> dict[str, str | bool]:
        """`fix_is_command` says whether a script, or a person in a hurry, can run `fix` as it stands."""
        return {
            "group": self.group,
            "code": self.code or _NO_SLUG.sub("-", self.title.lower()).strip("-"),
            "status": self.status.value,
            "title": self.title,
            "detail": self.detail,
            "fix": self.fix,
            "fix_is_command": self.is_command,
        }


def ok(title: str, detail: str, fix: str = "", *, code: str = "") -> Check:
    return Check(Status.OK, title, detail, fix, code)


def warning(title: str, detail: str, fix: str = "", *, code: str = "") -> Check:
    return Check(Status.WARNING, title, detail, fix, code)


def failure(title: str, detail: str, fix: str = "", *, code: str = "") -> Check:
    return Check(Status.FAILURE, title, detail, fix, code)
