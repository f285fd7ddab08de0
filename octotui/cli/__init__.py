"""The command line: the one place where an error becomes a sentence on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from octotui.cli import output
from octotui.cli.group import octotui
from octotui.errors import OctotuiError

INTERRUPTED = 130
BAD_USAGE = 2
FAILED = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status: 0, 1, 2, 3, 4 or 130."""
    session = output.Session()
    sys.excepthook = session.report_defect
    sys.exit(run(arguments, session))


def run(arguments: Sequence[str] | None, session: output.Session) -> int:
    """Run the command line and return its exit status. Nothing foreseen leaves as an exception."""
    try:
        answer = octotui.main(arguments, prog_name="octotui", standalone_mode=False, obj=session)
        sys.stdout.flush()
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "octotui"
        return session.report(_sentence(error), f"{where} --help", "usage", BAD_USAGE)
    except click.ClickException as error:
        return session.report(_sentence(error), "", "usage", error.exit_code)
    except OctotuiError as error:
        return session.report(error.message, error.hint, error.code, error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return session.report("interrupted", "", "interrupted", INTERRUPTED)
    except BrokenPipeError:
        _let_go_of_stdout()
        return FAILED
    except OSError as error:
        subject = f" ({error.filename})" if isinstance(error.filename, str) else ""
        return session.report(f"{error.strerror or error}{subject}", "", "system", FAILED)
    return answer if isinstance(answer, int) else 0


def _sentence(error: click.ClickException) -> str:
    """The words of click in one line."""
    return " ".join(error.format_message().split()).rstrip(".")


def _let_go_of_stdout() -> None:
    """The reader of stdout has gone: what is still buffered must not fail a second time at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
