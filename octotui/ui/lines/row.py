"""One process as one line of the table: signs, columns, guide, command, and what stands at the right of it."""

from __future__ import annotations

from rich.cells import cell_len

from octotui.processes.view import Lifecycle, Row
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut, left, right
from octotui.ui.lines.columns import Column, Layout
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.signs import Sign
from octotui.units import percent_text, short_age, short_bytes

_ROLE_STYLES = {
    "tentacle-service": "tentacle",
    "tentacle-cli": "tentacle",
    "server": "server",
    "server-cli": "server",
    "calamari": "calamari",
    "calamari-legacy": "calamari",
    "task-bootstrap": "script",
    "user-script": "script",
    "wrapper": "script",
    "": "dim",
    "none": "dim",
}


def role_style(role: str) -> str:
    """The style of a role: `tentacle`, `server`, `calamari`, `script`, `tool`, or `dim` where there is none."""
    return _ROLE_STYLES.get(role, "tool")


def tail(row: Row, layout: Layout) -> str:
    """What stands at the right of the command: the task where it first appears in a branch, else the version."""
    task = row.meaning.task
    return task if task and task != row.task_above and not layout.has("task") else row.meaning.version


def row_line(row: Row, layout: Layout, glyphs: Glyphs, *, is_cursor: bool, sign: Sign = Sign.NONE) -> Line:
    """The line of `row`, exactly `layout.width` cells wide. `sign`: what octotui does to its process."""
    pieces = list(_gutter(row, glyphs, is_cursor=is_cursor, sign=sign))
    for column in layout.columns:
        if column.id == "process":
            pieces.extend(_process(row, column.width, tail(row, layout), glyphs, sign))
        else:
            pieces.append(_cell(row, column, glyphs))
        if column.gap:
            pieces.append(_gap(row, column, glyphs))
    return tuple(pieces)


def _gutter(row: Row, glyphs: Glyphs, *, is_cursor: bool, sign: Sign) -> Line:
    """Two cells. The state's sign stands in the first, and makes room for the cursor."""
    if Sign.CAPTURED in sign:
        shown = Piece(glyphs.capturing, "capturing")
    elif Sign.HELD in sign:
        shown = Piece(glyphs.held, "held")
    elif row.lifecycle is Lifecycle.EXITED:
        shown = Piece(glyphs.exited, "exited")
    elif Sign.TRACED in sign:
        shown = Piece(glyphs.traced, "traced")
    elif row.lifecycle is Lifecycle.ARRIVED:
        shown = Piece(glyphs.arrived, "arrived")
    else:
        shown = Piece(" ")
    return (Piece(glyphs.cursor, "bar"), shown) if is_cursor else (shown, Piece(" "))


def _gap(row: Row, column: Column, glyphs: Glyphs) -> Piece:
    if column.id == "pid" and row.is_marked:
        return Piece(glyphs.marked + " " * (column.gap - 1), "marked")
    return Piece(" " * column.gap)


def _cell(row: Row, column: Column, glyphs: Glyphs) -> Piece:
    text, style = _value(row, column.id, glyphs)
    place = right if column.is_right else left
    return Piece(place(glyphs.text(text), column.width, glyphs.ellipsis), _base_style(row, style))


def _value(row: Row, column_id: str, glyphs: Glyphs) -> tuple[str, str]:
    """Text and style of one plain column."""
    gone = row.lifecycle is Lifecycle.EXITED
    process, meaning = row.process, row.meaning
    match column_id:
        case "pid":
            return str(process.pid), "marked" if row.is_marked else ""
        case "role":
            return meaning.label, role_style(meaning.role)
        case "user":
            return process.user, "dim"
        case "cpu":
            shown = None if gone else row.cpu_percent
            return (glyphs.unknown, "dim") if shown is None else (percent_text(shown), _cpu_style(shown))
        case "memory":
            return (glyphs.unknown, "dim") if gone else (short_bytes(row.rss_bytes), "")
        case "threads":
            return (glyphs.unknown, "dim") if gone else (str(process.threads), "dim")
        case "age":
            return (_since_the_end(row.exited_seconds), "exited") if gone else (short_age(row.age_seconds), "dim")
        case "task":
            return meaning.task, "task"
    return "", ""


def _cpu_style(percent: float) -> str:
    if percent < 0.05:
        return "dim"
    return "busy" if percent >= 80 else ""


def _since_the_end(seconds: float) -> str:
    """`gone 4s`, `12s ago`, `3m ago`: seven cells at most, which the column has."""
    return f"gone {_coarse(seconds)}" if seconds < 10 else f"{_coarse(seconds)} ago"


def _coarse(seconds: float) -> str:
    return f"{int(seconds)}s" if seconds < 60 else f"{min(99, int(seconds // 60))}m"


def _base_style(row: Row, style: str) -> str:
    """Exited and context rows are told by one style over the whole line."""
    if row.lifecycle is Lifecycle.EXITED:
        return "exited"
    return "context" if row.is_context else style


def _process(row: Row, width: int, at_right: str, glyphs: Glyphs, sign: Sign) -> Line:
    guide, command = _guide(row, width, glyphs), _command(row, glyphs)
    badges = _badges(row, sign)
    tail = glyphs.text(at_right)
    needed = cell_len(guide) + min(cell_len(command), 14) + cell_len(badges)
    if tail and needed + cell_len(tail) + 2 > width:
        tail = ""
    room = width - (cell_len(tail) + 2 if tail else 0)
    guide = cut(guide, room, "")
    body_room = max(0, room - cell_len(guide) - cell_len(badges))
    body = cut(command, body_room, glyphs.ellipsis)
    filler = max(0, width - cell_len(guide) - cell_len(body) - cell_len(badges) - cell_len(tail))
    if cell_len(guide) + cell_len(badges) > room:
        badges = ""
    plain = "" if row.meaning.role else "other"
    pieces = [Piece(guide, "guide"), Piece(body, _base_style(row, plain)), Piece(badges, _base_style(row, "badge"))]
    pieces += [Piece(" " * filler), Piece(tail, _base_style(row, "task"))]
    return tuple(piece for piece in pieces if piece.text)


def _guide(row: Row, width: int, glyphs: Glyphs) -> str:
    """The drawn part of the tree; one that would take more than a third of the column says its depth instead."""
    guide = row.guide
    if cell_len(guide) > max(4, width // 3):
        guide = f"{row.depth}› " + guide[-2:]
    return glyphs.text(guide) + (glyphs.folded if row.is_folded else "")


def _badges(row: Row, sign: Sign) -> str:
    badges = f" +{row.hidden_count}" if row.is_folded and row.hidden_count else ""
    if Sign.HELD in sign:
        badges += " HELD"
    elif Sign.TRACED in sign and row.lifecycle is not Lifecycle.EXITED:
        badges += " traced"
    if row.meaning.is_orphan:
        badges += " orphan"
    if row.meaning.is_own:
        badges += " (octotui)"
    return badges


def _command(row: Row, glyphs: Glyphs) -> str:
    """The program and its arguments, long paths by their last part; the whole command stands in the details."""
    process = row.process
    if not process.argv:
        return glyphs.text(process.command)
    arguments = (_short_argument(argument, glyphs) for argument in process.argv[1:])
    return glyphs.text(" ".join((_program(process.argv[0]), *arguments)))


def _program(first: str) -> str:
    """The base name of a path; a title that a program gave itself (`sshd: root@pts/0`) stays as it is."""
    if first[1:3] == ":\\":
        return first.rpartition("\\")[2] or first
    if not first.startswith(("/", "./", "../")):
        return first
    path, space, rest = first.partition(" ")
    return (path.rpartition("/")[2] or path) + space + rest


def _short_argument(argument: str, glyphs: Glyphs) -> str:
    if len(argument) < 16 or not argument.startswith("/") or argument.endswith("/"):
        return argument
    return f"{glyphs.ellipsis}/{argument.rpartition('/')[2]}"


def is_drawn_alike(row: Row, other: Row) -> bool:
    """Whether both are of one process and differ in nothing that is drawn; cheaper than to draw them."""
    process, known = row.process, other.process
    return (
        row.cpu_percent == other.cpu_percent
        and row.rss_bytes == other.rss_bytes
        and (process is known or (process.key == known.key and process.threads == known.threads
                                  and process.argv == known.argv and process.name == known.name
                                  and process.user == known.user))
        and (row.meaning is other.meaning or row.meaning == other.meaning)
        and row.guide == other.guide
        and row.depth == other.depth
        and row.lifecycle is other.lifecycle
        and row.is_folded is other.is_folded
        and row.hidden_count == other.hidden_count
        and row.is_marked is other.is_marked
        and row.is_context is other.is_context
        and row.task_above == other.task_above
        and short_age(row.age_seconds) == short_age(other.age_seconds)
        and _coarse(row.exited_seconds) == _coarse(other.exited_seconds)
    )  # fmt: skip


def about_line(row: Row) -> Line:
    """A quiet line on the process under the cursor: its name, why it has its role, its task and user."""
    meaning = row.meaning
    name = f"{printable(row.process.name, 60)} {row.process.pid}"
    text = " · ".join(fact for fact in (meaning.reason, meaning.task, row.process.user) if fact)
    return (Piece(name, role_style(meaning.role)), Piece("  " + text, "muted"))
