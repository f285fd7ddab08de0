"""Names of types: from ``List`1[System.Int32]`` to `List<int>`, with `+` as a dot."""

from __future__ import annotations

import re
from typing import NamedTuple

_DEEPEST = 6
_MOST_ARGUMENTS = 32
_ARITY = re.compile(r"`(\d{1,2})$")
_MADE = re.compile(r"<(.*)>(?:[dc]\b\w*|[dc]__\w+|O)")
"""A class that the C# compiler made: a closure, or the state machine of the method in its brackets."""
_INNER = re.compile(r"<([^<>]+)>(?:b__\w+|g__(\w+)\|\w+|\$)")
_ANY_CLASS = "System.__Canon"
_NO_RESULT = "System.Threading.Tasks.VoidTaskResult"
_KEYWORDS = {
    "Boolean": "bool", "Byte": "byte", "SByte": "sbyte", "Char": "char", "Decimal": "decimal", "Double": "double",
    "Single": "float", "Int32": "int", "UInt32": "uint", "Int64": "long", "UInt64": "ulong", "Int16": "short",
    "UInt16": "ushort", "IntPtr": "nint", "UIntPtr": "nuint", "Object": "object", "String": "string", "Void": "void",
}  # fmt: skip


class Segment(NamedTuple):
    """One type of a path of nested ones; the first has its namespace in its name. `arguments` as text, for display."""

    name: str
    arguments: tuple[str, ...] = ()


def segments(name: str, depth: int = 0) -> list[Segment]:
    """The nested types of a type's name as the runtime has it, with the type arguments at those that declare them.

    Arguments of an outer type that the runtime left out of the name are left out, too.
    """
    head, arguments, _ = _head_and_arguments(name)
    said = [_argument(argument, number, len(arguments), depth) for number, argument in enumerate(arguments)]
    found: list[Segment] = []
    for part in _split(head, "+"):
        arity = _ARITY.search(part)
        if arity is None:
            found.append(Segment(part))
            continue
        count = min(int(arity[1]), _MOST_ARGUMENTS)
        own, said = said[:count], said[count:]
        own += [_placeholder(number, count) for number in range(len(own), count)]
        found.append(Segment(part[: arity.start()], tuple(own)))
    return found


def spoken_type(path: list[Segment], *, with_arguments: bool = True) -> str:
    """A path of types with dots; `<…>` stands for arguments that are left out."""
    return ".".join(_with_arguments(segment, with_arguments) for segment in path)


def interface_method(name: str) -> tuple[str, str]:
    """Of an explicit implementation, the interface without its namespace, and the method; ("", name) of any other."""
    owner, method = last_dot(name)
    return (short(owner), method) if owner and method else ("", name)


def _with_arguments(segment: Segment, with_arguments: bool) -> str:
    if not segment.arguments:
        return segment.name
    return f"{segment.name}<{', '.join(segment.arguments) if with_arguments else '…'}>"


def _placeholder(number: int, count: int) -> str:
    return "T" if count == 1 else f"T{number + 1}"


def _argument(name: str, number: int, count: int, depth: int) -> str:
    """A type argument: keywords for the built-in ones, T for any class (all share their code), others unqualified."""
    name = name.strip()
    if name == _ANY_CLASS:
        return _placeholder(number, count)
    if depth >= _DEEPEST:
        return "…"
    return short(name, depth + 1)


def array_suffix(name: str) -> str:
    """`[]`, `[,]`, `*` or `&` behind the name of a type."""
    return _head_and_arguments(name)[2]


def short(name: str, depth: int = 0) -> str:
    """A type without its namespace; the built-in ones by their keywords."""
    _, _, after = _head_and_arguments(name)
    bare = name[: len(name) - len(after)] if after else name
    generic = bare.find("<")
    if generic >= 0 and bare.endswith(">") and depth < _DEEPEST:
        # Written by the C# compiler, in the name of an explicit implementation.
        inner = [short(part.strip(), depth + 1) for part in _split(bare[generic + 1 : -1], ",")]
        return f"{_unqualified(bare[:generic])}<{', '.join(inner)}>{after}"
    path = _written(segments(bare, depth))
    if not path:
        return name
    if path[0].name == _NO_RESULT:
        return "void" + after
    first = _unqualified(path[0].name)
    if path[0].name.startswith("System.") and path[0].name.count(".") == 1 and len(path) == 1:
        first = _KEYWORDS.get(first, first)
    return spoken_type([path[0]._replace(name=first), *path[1:]]) + after


def _written(path: list[Segment]) -> list[Segment]:
    """`path` with the methods of state machines by their own names, and without closures."""
    made = [(segment, _MADE.fullmatch(segment.name)) for segment in path]
    return [
        segment._replace(name=_method(found[1])) if found else segment
        for segment, found in made
        if not found or found[1]
    ]


def _method(name: str) -> str:
    """A method that stands in the name of a state machine, which can be a lambda or a local function."""
    for _ in range(_DEEPEST):
        name, count = _INNER.subn(lambda found: f"{found[1]}.{found[2]}" if found[2] else found[1], name)
        if not count:
            break
    return name


def _unqualified(name: str) -> str:
    return last_dot(name)[1] or name


def last_dot(name: str) -> tuple[str, str]:
    """What stands before and after the last dot outside brackets; a name without one is all after it."""
    depth = 0
    for at in range(len(name) - 1, 0, -1):
        character = name[at]
        if character in ">])":
            depth += 1
        elif character in "<[(":
            depth -= 1
        elif character == "." and depth == 0:
            return name[:at], name[at + 1 :]
    return "", name


def _head_and_arguments(name: str) -> tuple[str, list[str], str]:
    """The name before its bracket of type arguments, those arguments, and what follows: `[]`, `*`, `&`."""
    start = name.find("[")
    while start >= 0 and _is_array(name, start):
        start = -1 if "[" not in name[start + 1 :] or not _ARITY.search(name[:start]) else name.find("[", start + 1)
    if start < 0:
        end = len(name)
        while end and name[end - 1] in "[],*&":
            end -= 1
        return name[:end], [], name[end:]
    depth = 0
    for at in range(start, len(name)):
        if name[at] == "[":
            depth += 1
        elif name[at] == "]":
            depth -= 1
            if depth == 0:
                return name[:start], _split(name[start + 1 : at], ",")[:_MOST_ARGUMENTS], name[at + 1 :]
    return name[:start], _split(name[start + 1 :], ",")[:_MOST_ARGUMENTS], ""


def _is_array(name: str, start: int) -> bool:
    return name[start + 1 : start + 2] in ("]", ",", "*")


def _split(text: str, separator: str) -> list[str]:
    """`text` cut at `separator` outside brackets of all kinds."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in "<[(":
            depth += 1
        elif character in ">])":
            depth = max(0, depth - 1)
        elif character == separator and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return parts
