"""The `octotui` command: its own options start the screen, its subcommands are imported when they are called."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

import click
from click.core import ParameterSource

from octotui import __version__
from octotui.cli.arguments import named_path, pid
from octotui.cli.output import Session
from octotui.text import printable

COMMANDS = {
    "tree": "One snapshot of the Octopus processes.",
    "dump": "Capture processes and verify the dumps.",
    "catch": "Wait for processes, however short they live, and capture them.",
    "stacks": "Say which threads run and where in the code, live and without a dump.",
    "counters": "Figures that a .NET process gives of itself while it runs.",
    "heap": "Count what lies on the managed heap by type, live and without a dump.",
    "dumps": "List, verify, export and remove the dumps of the store.",
    "verify": "Say whether a dump is whole, whose it is and what wrote it.",
    "doctor": "Say what works on this host, what does not, and how to fix it.",
    "config": "Print the settings in force and where each comes from.",
    "demo": "A stand-in Tentacle with real .NET processes, and the screen on it.",
    "completion": "Print the shell completion script.",
}


class LazyGroup(click.Group):
    """A group whose commands live in modules of their name, each with a `command`, imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"octotui.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        shown = printable(name, 60)
        if name.isdigit():
            raise click.UsageError(f"{shown} is not a command; to capture that process: octotui dump {shown}", ctx)
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        suggestion = f'; did you mean "octotui {close[0]}"?' if close else ""
        raise click.UsageError(f'There is no command "{shown}"{suggestion}', ctx)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 bad usage, 3 refused before harm, 4 nothing matched, 130 interrupted.",
)
@click.version_option(__version__, message="octotui %(version)s")
@click.option("--all", "everything", is_flag=True, help="Show every process of the host.")
@click.option("--filter", "filter_text", metavar="TEXT", help="Show only what matches these words.")
@click.option("--pid", type=pid, metavar="PID", help="Show only this process and its descendants.")
@click.option("--interval", type=float, metavar="S", help="Seconds between two scans (0.25 to 60).")
@click.option("--read-only", is_flag=True, default=None, help="Look, never capture.")
@click.option("--ascii/--no-ascii", default=None, help="Draw with ASCII characters only, or never. [by the locale]")
@click.option("--no-mouse", is_flag=True, default=None, help="Leave the mouse to the terminal.")
@click.option("--theme", metavar="NAME", help="dark, light, ansi or high-contrast. [by TERM]")
@click.option("--record", type=named_path, metavar="FILE", help="Keep what is seen in a new file, secrets masked.")
@click.option("--replay", type=named_path, metavar="FILE", help="Show a recording instead of this host.")
@click.option("--no-config", is_flag=True, help="Read no config file.")
@click.option("--debug", is_flag=True, hidden=True, help="Show the whole of an unforeseen error.")
@click.pass_context
def octotui(ctx: click.Context, /, debug: bool, **options: Any) -> int | None:
    """A process monitor and dump console for Octopus Deploy hosts.

    Without a command it opens the screen.
    """
    if isinstance(ctx.obj, Session):
        ctx.obj.debug = debug
    if ctx.invoked_subcommand is None:
        from octotui.cli.tui import start

        return start(**options)
    given = next((name for name in options if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE), None)
    if given is not None:
        option = next(p.opts[0] for p in octotui.params if p.name == given)
        raise click.UsageError(
            f"{option} is an option of the screen; options of {ctx.invoked_subcommand} stand after its name", ctx
        )
    return None
