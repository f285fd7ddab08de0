"""`octotui doctor`: what works on this host, what does not, and the command that fixes it."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Iterable
from pathlib import Path

import click

from octotui import __version__
from octotui.cli import output
from octotui.cli.arguments import pid
from octotui.cli.doctor import layout
from octotui.cli.doctor.check import Check, Status, ok, warning


@click.command("doctor")
@click.argument("pid", required=False, type=pid)
@output.json_option
def command(pid: int | None, as_json: bool) -> int:
    """Say what works on this host, what does not, and the command that fixes it.

    With PID also whether that process could be captured now. Exits 1 when a line is a failure.
    """
    checks: list[Check] = []
    for group in (_host_checks, lambda: _process_checks(pid), _terminal_checks):
        with layout.patience("looking at the processes of this host"):
            found = group()
        checks += found
        if not as_json:
            layout.show(found)
    if as_json:
        output.write_json({"version": __version__, "checks": [check.as_json() for check in checks]})
    return 1 if any(check.status is Status.FAILURE for check in checks) else 0


def _host_checks() -> list[Check]:
    from octotui.cli.doctor.catching import at_exit, catching
    from octotui.cli.doctor.events import event_source
    from octotui.cli.doctor.privileges import privileges
    from octotui.cli.doctor.surroundings import container

    events = event_source()
    host = [version(), container(environment=os.environ), events]
    is_linux = Path("/proc/self/status").exists()
    host += [catching(events), at_exit()] if is_linux else []
    rights = privileges() if is_linux else []
    return [*_within("host", host), *_within("rights of this user", rights)]


def _within(group: str, checks: Iterable[Check]) -> list[Check]:
    return [check.within(group) for check in checks]


def version() -> Check:
    """What support asks first; captures work on Linux alone."""
    words = f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    if platform.system() != "Linux":
        return warning("octotui", f"{words}: captures need Linux", "octotui tree still works here")
    return ok("octotui", words)


def _process_checks(pid: int | None) -> list[Check]:
    from octotui import config, locations
    from octotui.cli.doctor import backends, storage, targets
    from octotui.cli.doctor.process import examined
    from octotui.dotnet.runtime import inspect
    from octotui.host import Host

    settings = config.load(locations.config_files())
    host = Host.open(settings)
    sample = host.read_sample()
    keys = targets.chosen(sample, pid)
    place = settings.output or locations.store_directory()
    store = _within("store", storage.store(place, is_store=settings.output is None))
    if pid is not None:
        return [*store, *examined(host, sample, keys[0])]

    async def readiness() -> list[Check]:
        try:
            return await targets.readiness(host, sample, keys)
        finally:
            await host.dumps.aclose()

    return [
        *store,
        *_within("backends", backends.known(host.dumps.backends)),
        *_within("targets", [*targets.runtimes(sample, inspect), *asyncio.run(readiness())]),
    ]


def _terminal_checks() -> list[Check]:
    from octotui.cli.doctor.terminal import terminal
    from octotui.cli.terminal import environment

    return _within("terminal", terminal(environment()))
