"""Every error octotui raises on purpose: a sentence, a next step, a code for scripts and an exit status.

OctotuiError
├── UsageError          2  bad option, bad config, a path that makes no sense
├── Refused             3  preflight said no; nothing was touched
├── NothingMatched      4  no process answered the description in time
├── ProcessGone         1  the process ended, or its pid now names another one
├── AccessDenied        1  the kernel or the file system said no
├── DiagnosticsError    1  the target's diagnostics socket failed or answered with an error
├── CaptureFailed       1  a capture was started and gave no whole dump
├── NotADump            1  a file is not a whole dump
└── StoreError          1  the dump store cannot be used as it stands
"""

from __future__ import annotations

import errno


class OctotuiError(Exception):
    """A failure that a person can act on.

    `message` is one sentence without a final full stop; `hint` is the next step, often a command to paste;
    `code` is a stable slug that scripts may test (`error.code` in JSON).
    """

    exit_code = 1
    default_code = "failed"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class UsageError(OctotuiError):
    """The request itself makes no sense: an option, a config value or a path."""

    exit_code = 2
    default_code = "usage"


class Refused(OctotuiError):
    """Preflight refused; no target was touched."""

    exit_code = 3
    default_code = "refused"


class NothingMatched(OctotuiError):
    """No process answered the description."""

    exit_code = 4
    default_code = "nothing-matched"


class ProcessGone(OctotuiError):
    """The process ended, or its pid now belongs to another process."""

    default_code = "process-gone"


class AccessDenied(OctotuiError):
    """The kernel or the file system denied access."""

    default_code = "access-denied"


class DiagnosticsError(OctotuiError):
    """The diagnostics socket of a .NET process failed or answered with an error."""

    default_code = "diagnostics"


class CaptureFailed(OctotuiError):
    """A capture was started and gave no whole dump."""

    default_code = "capture-failed"


class NotADump(OctotuiError):
    """The file is not a whole dump; the message names what is wrong with it."""

    default_code = "not-a-dump"


class StoreError(OctotuiError):
    """The dump store cannot be used as it stands."""

    default_code = "store"


def is_disk_full(error: BaseException) -> bool:
    """True for the errors of a disk, or of a user's share of it, that has no room left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
