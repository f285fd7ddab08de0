"""`octotui verify`: is this dump whole, whose is it, what wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.arguments import named_path
from octotui.errors import NotADump
from octotui.text import printable
from octotui.units import bytes_text, seconds_text

if TYPE_CHECKING:
    from octotui.dumps.verifying.verify import DumpFacts

_NAME_A_DUMP = "name the file of a dump; octotui dumps lists them"
_CAPTURE_AGAIN = "capture it again if it was a dump; octotui dumps lists those of the store"


@click.command("verify")
@click.argument("file", type=named_path)
@output.json_option
def command(file: Path, as_json: bool) -> int:
    """Say whether FILE is a whole dump, whose it is and what wrote it. Exits 1 when it is not whole."""
    from octotui.dumps.keeping.records import facts_json
    from octotui.dumps.verifying.verify import verify

    try:
        facts = verify(file)
    except NotADump as error:
        hint = error.hint or (_CAPTURE_AGAIN if file.is_file() else _NAME_A_DUMP)
        if not as_json:
            raise NotADump(f"{file} is not a whole dump: {error.message}", hint=hint, code=error.code) from error
        problem = {"code": error.code, "message": output.clean(error.message), "hint": output.clean(hint)}
        output.write_json({"file": printable(str(file)), "whole": False, "error": problem})
        return error.exit_code
    if as_json:
        output.write_json(
            {"file": printable(str(file)), "whole": True, "portable": facts.is_portable, **facts_json(facts)}
        )
        return 0
    output.line(f"{file}: whole")
    for name, value in _rows(facts):
        output.line(f"  {name:<9}{value}")
    return 0


def _rows(facts: DumpFacts) -> list[tuple[str, str]]:
    from octotui.dumps.verifying.writers import Writer

    portable = "" if facts.is_portable else " (not portable: capture with createdump for support)"
    if facts.writer is Writer.OCTOTUI:
        # No other tool captures at the end, so there is none to name.
        portable = " (gdb opens it)"
    return [
        ("process", f"{facts.name} {facts.pid}, {len(facts.threads)} threads, {facts.machine}"),
        ("size", f"{bytes_text(facts.size_bytes)} ({facts.size_bytes} bytes), {facts.regions} memory regions"),
        ("type", f"looks like {facts.type_guess}"),
        ("writer", f"{facts.writer.value}{portable}"),
        ("runtime", facts.runtime_path or "no .NET runtime is mapped in it"),
        *_ending(facts),
    ]


def _ending(facts: DumpFacts) -> list[tuple[str, str]]:
    from octotui.dumps.verifying.exitnote import status_text

    if facts.exit is None:
        return []
    ended = f"{status_text(facts.exit.status)}, {seconds_text(facts.exit.life_seconds)} after its start"
    rows = [("ended", ended)]
    if facts.exit.left_managed:
        some = ", ".join(str(thread) for thread in facts.exit.left_managed[:5])
        rows.append(("left", f"managed code, by thread {some}: no managed stack is left of it, the heap is whole"))
    missing = len({*facts.exit.late, *facts.exit.untraced})
    if missing:
        rows.append(("missing", f"{missing} thread{'s' * (missing > 1)}"))
    elif facts.exit.may_miss_threads:
        rows.append(("missing", "perhaps threads of its last 25 ms, for it made many quickly"))
    if facts.exit.unreadable_bytes:
        rows.append(("unread", f"{bytes_text(facts.exit.unreadable_bytes)} of its memory could not be read"))
    return rows
