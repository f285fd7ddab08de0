"""`octotui doctor`: what works on this host, what does not, and the command that fixes it."""

from __future__ import annotations

import asyncio
import os
import platform
from pathlib import Path

import click

from octotui import __version__
from octotui.cli import output
from octotui.cli.arguments import pid
from octotui.cli.doctor.check import Check, Status, ok, warning


@click.command("doctor")
@click.argument("pid", required=False, type=pid)
@output.json_option
def command(pid: int | None, as_json: bool) -> int:
    """Say what works on this host, what does not, and the command that fixes it.

    With PID also whether that process could be captured now. Exits 1 when a line is a failure.
    """
    checks = [*_host_checks(), *_process_checks(pid), *_terminal_checks()]
    if as_json:
        output.write_json({"version": __version__, "checks": [check.as_json() for check in checks]})
    else:
        _print(checks)
    return 1 if any(check.status is Status.FAILURE for check in checks) else 0


def _host_checks() -> list[Check]:
    from octotui.cli.doctor.events import event_source
    from octotui.cli.doctor.privileges import privileges
    from octotui.cli.doctor.surroundings import container

    return [
        version(),
        *(privileges() if Path("/proc/self/status").exists() else []),
        container(environment=os.environ),
        event_source(),
    ]


def version() -> Check:
    """What support asks first; captures work on Linux alone."""
    words = f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    if platform.system() != "Linux":
        return warning("octotui", f"{words}: captures need Linux", "octotui tree still works here")
    return ok("octotui", words)


def _process_checks(pid: int | None) -> list[Check]:
    from octotui import config, locations
    from octotui.cli.doctor import storage, targets
    from octotui.dotnet.runtime import inspect
    from octotui.host import Host

    settings = config.load(locations.config_files())
    host = Host.open(settings)
    sample = host.read_sample()
    keys = targets.chosen(sample, pid)

    async def readiness() -> list[Check]:
        try:
            return await targets.readiness(host, sample, keys)
        finally:
            await host.dumps.aclose()

    return [
        *storage.store(settings.output or locations.store_directory(), is_store=settings.output is None),
        *targets.runtimes(sample, inspect),
        *asyncio.run(readiness()),
    ]


def _terminal_checks() -> list[Check]:
    from octotui.cli.doctor.terminal import terminal
    from octotui.cli.terminal import environment

    return terminal(environment())


def _print(checks: list[Check]) -> None:
    rows: list[tuple[str, ...]] = [(check.status.value, check.title, check.detail) for check in checks]
    indent = " " * (max(len(check.status.value) for check in checks) + 2)
    for text, check in zip(output.columns(rows), checks, strict=True):
        output.line(text)
        if check.fix:
            output.line(f"{indent}fix: {check.fix}")
