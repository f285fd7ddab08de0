"""What is read of one process on demand, as lines: environment, open files, the end of a task log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from octotui.octopus.tasklog import TAIL_BYTES, LogTail
from octotui.processes.environment import Environment
from octotui.processes.openfiles import OpenFile, OpenFiles
from octotui.processes.sockets import Socket
from octotui.ui.lines.cells import Line, Piece, cut, cut_middle, left, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.units import bytes_text

_HIDDEN = "not shown"
_TIME = 9
_SIGNS = {"stderr": "! ", "debug": "- "}
_STYLES = {"stderr": "failed", "debug": "muted"}


def environment_lines(found: Environment, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """One line a variable. Values wrap; one that is held back says so."""
    shown = sum(variable.value is not None for variable in found.variables)
    words = f"{len(found.variables)} variables; the values of {shown} are shown, the others may hold secrets"
    if found.nameless:
        words += f"; {found.nameless} entries are no variables"
    if found.is_cut:
        words += "; there are more than are read"
    lines = [*_words(words, width, glyphs), ()]
    room = max(8, min(34, width // 2))
    for variable in found.variables:
        value, style = (_HIDDEN, "dim") if variable.value is None else (glyphs.text(variable.value) or '""', "")
        # A name is never cut: one that is too long for its column stands on lines of its own.
        is_long = len(variable.name) >= room
        lines += [(Piece(part, "label"),) for part in (wrapped(variable.name, width) if is_long else ())]
        head = "" if is_long else variable.name
        for number, part in enumerate(wrapped(value, max(8, width - room))):
            lines.append((Piece(left(head if number == 0 else "", room), "label"), Piece(part, style)))
    return tuple(lines)


def open_files_lines(found: OpenFiles, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Listening sockets, connections, then all descriptors by number."""
    count = f"{found.count} open" + (f", the first {len(found.files)} shown" if found.count > len(found.files) else "")
    lines = [*_words(count, width, glyphs)]
    lines += _block("Listening", (_socket_text(one) for one in found.listening), width, glyphs)
    lines += _block("Connections", (_socket_text(one) for one in found.connected), width, glyphs)
    lines += [(), (Piece("Descriptors", "heading"),)] if found.files else []
    for file in found.files:
        text = cut_middle(glyphs.text(_file_text(file)), max(1, width - 6), glyphs.ellipsis)
        lines.append((Piece(left(str(file.number), 6), "label"), Piece(text)))
    return tuple(lines)


def task_log_lines(tail: LogTail, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Where the log is and how much of it is shown, a warning, then its entries: time, a sign for other than stdout."""
    size = f"{bytes_text(tail.size_bytes)}" + (
        f", the last {bytes_text(TAIL_BYTES)} shown" if tail.skipped_bytes else ""
    )
    place = tail.path if tail.problem else f"{tail.path} ({size})"
    lines: list[Line] = [(Piece(text, "path"),) for text in wrapped(glyphs.text(place), width)]
    if tail.problem:
        lines += [(), *((Piece(text, "warning"),) for text in wrapped(glyphs.text(tail.problem), width))]
        hint = wrapped(glyphs.text(f"→ {tail.hint}"), width) if tail.hint else ()
        lines += [(Piece(text, "hint"),) for text in hint]
        if not tail.entries:
            return tuple(lines)
        lines += _words("This was read last:", width, glyphs)
    words = "Octopus Server masks sensitive variables later: those octotui does not recognise stand here in full."
    lines += [*_words(words, width, glyphs), ()]
    for entry in tail.entries:
        head = left(entry.at, _TIME) + _SIGNS.get(entry.source, "  ")
        style = _STYLES.get(entry.source, "")
        for number, part in enumerate(wrapped(glyphs.text(entry.text), max(8, width - len(head)))):
            lines.append((Piece(head if number == 0 else " " * len(head), "muted"), Piece(part, style)))
    if tail.strange:
        lines += _words(f"{tail.strange} characters are no entries of a log and are not shown", width, glyphs)
    elif not tail.entries:
        lines += _words("Nothing is logged yet", width, glyphs)
    return tuple(lines)


def _words(words: str, width: int, glyphs: Glyphs) -> list[Line]:
    return [(Piece(text, "muted"),) for text in wrapped(glyphs.text(words), width)]


def _block(heading: str, texts: Iterable[str], width: int, glyphs: Glyphs) -> Sequence[Line]:
    lines: list[Line] = [(Piece(cut(glyphs.text(text), width, glyphs.ellipsis)),) for text in texts]
    return [(), (Piece(heading, "heading"),), *lines] if lines else []


def _socket_text(socket: Socket) -> str:
    places = f"{socket.local or '(no name)'} → {socket.remote}" if socket.remote else socket.local or "(no name)"
    state = f"  {socket.state}" if socket.remote and socket.state else ""
    return f"{socket.kind:<5}{places}{state}"


def _file_text(file: OpenFile) -> str:
    if file.socket is None:
        return file.target
    text = _socket_text(file.socket)
    return f"{text}  {file.socket.state}" if file.socket.is_listening else text
