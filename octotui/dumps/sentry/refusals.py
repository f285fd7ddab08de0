"""Why the sentry left a process alone, or took no order: a slug, a sentence, a next step."""

from __future__ import annotations

from typing import NamedTuple

from octotui.dumps.sentry.link import Link
from octotui.processes.model import ProcessKey


class Refusal(NamedTuple):
    code: str
    message: str
    hint: str = ""

    def tell(self, link: Link, key: ProcessKey, rule_id: int | None = None) -> None:
        """Tells octotui, with the process and, where there is one, the rule that it is about. Raises Closed."""
        about = {} if rule_id is None else {"id": rule_id}
        link.tell(
            "refused", **about, pid=key.pid, started=key.started, code=self.code, message=self.message, hint=self.hint
        )


def service(name: str, pid: int) -> Refusal:
    return Refusal(
        "service",
        f"{name} ({pid}) was not held: a Tentacle or Server that stands still is deaf to everything it serves",
        "hold it with --yes-hold-service if that is meant",
    )


def stopped(name: str, pid: int) -> Refusal:
    return Refusal(
        "stopped-already",
        f"{name} ({pid}) stands still already, by someone else's doing; octotui neither holds it nor lets it go",
        f"kill -CONT {pid} lets it go",
    )


def enough(name: str, pid: int) -> Refusal:
    return Refusal("enough", f"{name} ({pid}) was left running: the rule holds as many processes as it may capture")


def gone(pid: int) -> Refusal:
    return Refusal("process-gone", f"process {pid} ended, or its pid is another's now", "look at the tree again")


def own(name: str, pid: int) -> Refusal:
    return Refusal("own", f"{name} ({pid}) was not held: octotui runs below it", "hold another process")


def not_traced_now(pid: int) -> Refusal:
    return Refusal("not-traced", f"process {pid} is not traced")


def not_ready(name: str, pid: int) -> Refusal:
    return Refusal(
        "no-runtime",
        f"{name} ({pid}) was not held again: its .NET runtime was not ready in time",
        "capture it as it runs, or release it",
    )


def not_traced(name: str, pid: int, why: str) -> Refusal:
    return Refusal("no-tracer", f"{name} ({pid}) is not traced: {why}", "capture it while it runs")


def enough_traced(name: str, pid: int, count: int) -> Refusal:
    words = f"{count} process{' is' if count == 1 else 'es are'} traced already"
    return Refusal("enough-traced", f"{name} ({pid}) is not traced: {words}", "wait for fewer: --under or --name")


def not_held(name: str, pid: int, slug: str) -> Refusal:
    """By what `Holds.stop` answered."""
    why, hint = _WHY_NOT_HELD[slug]
    return Refusal(f"hold-{slug}", f"{name} ({pid}) was not held: {why}", hint)


_WHY_NOT_HELD = {
    "gone": ("it ended just then", ""),
    "denied": ("it is another user's process", "run octotui as root, or as the user of that process"),
    "unheard": ("octotui is too busy to be told, and nothing is stopped that it does not know of", "try again"),
    "suspended": ("octotui is stopped itself", "let octotui go on: fg"),
    "full": ("too many processes are held already", "release some of them"),
    "no-keeper": ("what lets it go when octotui dies could not be started", "free some memory, and try again"),
}
