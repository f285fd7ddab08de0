"""Rules that make no sense, told before anything is armed."""

from __future__ import annotations

import math

from octotui.dumps.arming.holdsteps import CAPTURE_HOLD_SECONDS
from octotui.dumps.arming.longest import LONGEST_HOLD_SECONDS
from octotui.dumps.arming.rule import Rule
from octotui.dumps.model import DumpType
from octotui.errors import UsageError
from octotui.octopus.rolenames import KNOWN, roles_named
from octotui.processes.filters import parse_filter
from octotui.text import printable

MOST_COUNT = 1000
NEED_A_RUNNING_TARGET = frozenset({"ipc", "dotnet-dump"})
MOST_SECONDS = 7 * 86_400.0
MOST_HOLD_SECONDS = LONGEST_HOLD_SECONDS - 2 * CAPTURE_HOLD_SECONDS
"""What may be said for a look: the sentry holds nothing for longer than an hour, and a capture comes after it."""


def check(rule: Rule) -> None:
    """Raises UsageError with what does not go together and what to do instead."""
    _check_numbers(rule)
    when, whom = rule.when, rule.whom
    if when.cpu_seconds > 0 and when.cpu_percent is None:
        raise UsageError("--for says how long a CPU share has to last", hint="add --cpu 80, or leave out --for")
    if rule.any_status and not when.at_exit:
        raise UsageError("--any-status is about ends", hint="add --at-exit")
    if when.at_exit and rule.every_seconds is not None:
        raise UsageError("a process ends once, so --every does not go with --at-exit", hint="leave out --every")
    if when.at_exit and rule.hold:
        raise UsageError(
            "a process that is held cannot be traced to its end at the same time",
            hint="use --hold to look at it now, or --at-exit to capture its end",
        )
    if rule.every_seconds is not None and rule.count < 2:
        raise UsageError(f"--every needs a number of {_things(rule)}", hint="add --count 3")
    _check_stacks(rule)
    if rule.hold_services and not rule.hold:
        raise UsageError("--yes-hold-service is about holds", hint="add --hold")
    if when.at_exit and whom.key is not None and rule.count > 1:
        raise UsageError("one process ends once", hint="leave out --count")
    if whom.key is not None and rule.count > 1 and rule.every_seconds is None:
        raise UsageError(f"several {_things(rule)} of one process need a time between them", hint="add --every 10")
    if whom.key is None and not (whom.role or whom.filter or whom.name or whom.under):
        raise UsageError(
            "say what to wait for", hint="octotui catch --role calamari, --name PROGRAM, --under PID, or a PID"
        )
    if whom.role and not roles_named(whom.role):
        raise UsageError(f'there is no role "{printable(whom.role, 60)}"', hint=f"roles are {', '.join(KNOWN)}")
    if (when.at_exit or rule.hold) and whom.filter and parse_filter(whom.filter).has_figures:
        raise UsageError(
            f'the filter "{printable(whom.filter, 60)}" compares figures, which no process has at its start',
            hint="use --cpu, --rss, --threads or --after for those",
        )
    if rule.hold and rule.backend in NEED_A_RUNNING_TARGET:
        raise UsageError(
            f"{rule.backend} cannot capture a process that is held: its runtime cannot answer",
            hint="leave out --backend, or --hold",
        )
    if when.at_exit and (rule.backend != "auto"):
        raise UsageError("at its end octotui itself writes the dump", hint="leave out --backend")


def _check_stacks(rule: Rule) -> None:
    if not rule.take.has_stacks:
        return
    if rule.when.at_exit:
        raise UsageError(
            "a process that stands at its end cannot be asked for its stacks",
            hint="leave out --at-exit to take them when it is ready, or --stacks; a dump of its end has the stacks",
        )
    if rule.hold and rule.take.has_dump:
        raise UsageError(
            "a process that is held cannot be asked for its stacks, and its dump is made while it is held",
            hint="use --hold with --stacks alone, which lets it go for them, or with a dump alone",
        )
    if not rule.take.has_dump and rule.backend != "auto":
        raise UsageError("stacks are taken without a backend", hint="leave out --backend, or add --dump")
    if not rule.take.has_dump and rule.type is not DumpType.HEAP:
        raise UsageError("--type says how much of the memory a dump has", hint="leave out --type, or add --dump")


def _things(rule: Rule) -> str:
    return "dumps" if rule.take.has_dump else "looks"


def _check_numbers(rule: Rule) -> None:
    when = rule.when
    if not 1 <= rule.count <= MOST_COUNT:
        raise UsageError(f"a rule makes 1 to {MOST_COUNT} {_things(rule)}", hint="give --count a number in between")
    if rule.max_parallel < 1:
        raise UsageError("at least one capture has to run at a time", hint="give --max-parallel 1 or more")
    seconds = {
        "--after": when.after_seconds, "--for": when.cpu_seconds, "--quiet": when.quiet_seconds,
        "--every": rule.every_seconds, "--timeout": rule.timeout_seconds,
        "--hold-seconds": rule.hold_seconds, "the time for writing": rule.most_seconds,
    }  # fmt: skip
    for name, value in seconds.items():
        most = MOST_HOLD_SECONDS if name == "--hold-seconds" else MOST_SECONDS
        if value is not None and not (math.isfinite(value) and 0 <= value <= most):
            raise UsageError(f"{name}: seconds from 0 to {most:.0f}", hint="write it as 30 or 2.5")
    for name, wanted in {"--quiet": when.quiet_seconds, "--every": rule.every_seconds}.items():
        if wanted is not None and wanted <= 0:
            raise UsageError(f"{name}: has to be more than 0 seconds", hint=f"write it as {name} 30")
    if rule.hold and rule.hold_seconds <= 0:
        raise UsageError("a hold needs a time", hint="give --hold-seconds 60, or leave out --hold")
    if when.cpu_percent is not None and not 0 < when.cpu_percent <= 100_000:
        raise UsageError("--cpu: percent of one core, more than 0", hint="write it as --cpu 80")
    if when.rss_bytes is not None and when.rss_bytes <= 0:
        raise UsageError("--rss: a size of more than 0", hint="write it as --rss 2GB")
    if when.threads is not None and when.threads < 1:
        raise UsageError("--threads: at least 1", hint="write it as --threads 200")
