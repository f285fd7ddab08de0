"""`octotui dumps export`: a copy of a dump outside of the store, compressed if wished, compared on the way."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from octotui.cli import output
from octotui.cli.arguments import named_path
from octotui.cli.dumps.meter import interruptible, meter
from octotui.cli.dumps.shelf import Shelf, complete_name
from octotui.errors import StoreError, UsageError
from octotui.text import printable
from octotui.units import bytes_text

USUAL_LEVEL = 3


@click.command("export")
@click.argument("name", shell_complete=complete_name)
@click.argument("destination", metavar="DEST", type=named_path)
@click.option("--zstd", is_flag=True, help="Compress with zstd; a heap dump shrinks to a third or less.")
@click.option("--level", type=click.IntRange(1, 19), help=f"How hard to compress. [{USUAL_LEVEL}]")
@output.json_option
def command(name: str, destination: Path, zstd: bool, level: int | None, as_json: bool) -> int:
    """Copy the dump NAME to DEST: a directory, a new file, or - for stdout.

    The copy is compared with the SHA-256 that was recorded, readable for its owner only, and has its record beside it.
    Nothing is overwritten, and a copy that is not whole is not kept.
    """
    if level is not None and not zstd:
        raise UsageError("--level goes with --zstd", hint="add --zstd")
    level = (level or USUAL_LEVEL) if zstd else None
    to_stdout = str(destination) == "-"
    if to_stdout and (as_json or sys.stdout.isatty()):
        why = "stdout carries the dump" if as_json else "a dump is no text for a terminal"
        raise UsageError(f"{why}", hint="octotui dumps export NAME - | ssh HOST 'cat > dump'")
    shelf = Shelf.open()
    (record,) = shelf.find([name])
    from octotui.dumps.keeping.export import export, stream

    with interruptible(), meter(f"exporting {record.name}", record.size_bytes, is_quiet=as_json) as told:
        if to_stdout:
            stream(record, _write_out, level=level, on_read=told)
            return 0
        done = export(shelf.store, record, destination, level=level, on_read=told)
    if as_json:
        output.write_json(done.as_json())
        return 0
    size = bytes_text(done.bytes)
    from_size = f", from {bytes_text(record.size_bytes)}" if level is not None else ""
    output.line(f"Exported to {printable(str(done.path))}, {size}{from_size}, {done.note or 'as it was recorded'}.")
    output.line("It holds every secret of its process: send it only where support asked for it, and remove it after.")
    return 0


def _write_out(piece: bytes) -> None:
    """Past the buffers of Python, so that a reader that has gone away is noticed at once."""
    view = memoryview(piece)
    try:
        while view:
            view = view[os.write(sys.stdout.fileno(), view) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = f"stdout takes no more of the dump ({error.strerror}): what was written is not whole"
        raise StoreError(reason, hint="remove it, free some space there, or make the dump smaller: --zstd") from error
