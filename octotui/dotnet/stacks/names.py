"""Names that compilers and runtimes make, written the way a C# person says them. Every name comes from the target."""

from __future__ import annotations

import re

from octotui.dotnet.stacks.model import Frame, FrameKind
from octotui.text import printable

LONGEST = 300
"""Characters of a frame's method that are kept."""

_LONGEST_RAW = 2000
_DEEPEST = 6
_DYNAMIC_FLAG = 0x1
_DYNAMIC_TYPE = "dynamicclass"

_STATE_MACHINE = re.compile(r"<(?P<name>.+)>(?:d(?:__\d+)?|c__(?P<mono>async|Iterator)[0-9A-F]*)(?=<|$)")
_CLOSURE = re.compile(r"<(?P<name>[^<>]*)>c(?:__DisplayClass[\d_]+|__AnonStorey[0-9A-F]+)?(?=<|$)")
_LAMBDA = re.compile(r"<(?P<name>[^<>]*)>(?:b__[\d_]+|m__[0-9A-F]+)")
_INNER_MACHINE = re.compile(r"<([^<>]+)>d__\d+")
_OUTER_ARGUMENTS = re.compile(r"\[[^\],].*?(?=\[\]$|$)")
_LOCAL = re.compile(r"<(?P<name>[^<>]+)>g__(?P<local>\w+)\|[\d_]+")
_TOP_LEVEL = re.compile(r"<(?P<name>\w+)>\$")
_ACCESSOR = re.compile(r"(?P<verb>get|set|add|remove)_(?P<name>\w+)")
_ARITY = re.compile(r"`(\d{1,3})")
_ALIASES = {
    "System.Boolean": "bool", "System.Byte": "byte", "System.SByte": "sbyte", "System.Char": "char",
    "System.Int16": "short", "System.UInt16": "ushort", "System.Int32": "int", "System.UInt32": "uint",
    "System.Int64": "long", "System.UInt64": "ulong", "System.Single": "float", "System.Double": "double",
    "System.Decimal": "decimal", "System.String": "string", "System.Object": "object", "System.Void": "void",
    "System.__Canon": "T", "System.Threading.Tasks.VoidTaskResult": "void",
}  # fmt: skip


def frame(module: str, type_name: str, method: str, flags: int = 0) -> Frame:
    """The frame of a method, from the names that a runtime gives. `flags` are those of its method events.

    A state machine of an iterator looks like that of an async method; both are said to be async, the common case.
    """
    type_name, method = type_name[:_LONGEST_RAW], method[:_LONGEST_RAW]
    if flags & _DYNAMIC_FLAG or type_name.lower() == _DYNAMIC_TYPE:
        name = method if type_name.lower() == _DYNAMIC_TYPE or not type_name else f"{type_name}.{method}"
        return Frame("", printable(name, LONGEST), FrameKind.DYNAMIC)
    owners = [_generic(part) for part in _nested(type_name)]
    said, kind = _method(method)
    if owners and (machine := _STATE_MACHINE.match(owners[-1])) and method in ("MoveNext", "SetStateMachine"):
        kind = FrameKind.ITERATOR if machine["mono"] == "Iterator" else FrameKind.ASYNC
        said, _ = _method(machine["name"])
        owners.pop()
    while len(owners) > 1 and (closure := _CLOSURE.match(owners[-1])):
        said = said or closure["name"]
        owners.pop()
    name = ".".join((*owners, said)) if said else ".".join(owners)
    return Frame(printable(module, 100), printable(name, LONGEST), kind)


def type_text(name: str) -> str:
    """The full name of a type as C# source has it."""
    return printable(".".join(_generic(part) for part in _nested(name[:_LONGEST_RAW])), LONGEST)


def _nested(name: str) -> list[str]:
    """The parts of a nested type's name; a plus inside brackets is a part of an argument."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(name):
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif character == "+" and depth <= 0:
            parts.append(name[start:place])
            start = place + 1
    return [part for part in (*parts, name[start:]) if part]


def _method(name: str) -> tuple[str, FrameKind]:
    head, bracket, arguments = name.partition("[")
    suffix = _arguments(bracket + arguments, 1)[0] if bracket else ""
    if found := _LOCAL.fullmatch(head):
        return f"{_method(found['name'])[0]}.{found['local']}", FrameKind.LOCAL_FUNCTION
    if found := _LAMBDA.fullmatch(head):
        return _method(found["name"])[0], FrameKind.LAMBDA
    if found := _TOP_LEVEL.fullmatch(head):
        return found["name"], FrameKind.METHOD
    if found := _ACCESSOR.fullmatch(head):
        return f"{found['name']}.{found['verb']}", FrameKind.METHOD
    return _short(head) + suffix if "." in head.strip(".") else head + suffix, FrameKind.METHOD


def _short(name: str) -> str:
    """`System.IDisposable.Dispose` of an explicit implementation as `IDisposable.Dispose`."""
    *_, owner, method = _ARITY.sub("", name).split(".")
    return f"{owner}.{method}"


def _generic(name: str, depth: int = 0) -> str:
    """`List`1[System.__Canon]` as `List<T>`, `Dictionary`2` as `Dictionary<T1, T2>`."""
    found = _ARITY.search(name)
    if found is None or depth > _DEEPEST:
        # The arguments of an outer type stand behind its inner one, which has none of its own.
        plain = _OUTER_ARGUMENTS.sub("", name)
        return _ALIASES.get(plain, plain)
    head, count, rest = name[: found.start()], int(found[1]), name[found.end() :]
    if rest.startswith("["):
        arguments, after = _arguments(rest, depth + 1)
        return head + arguments + rest[after:]
    letters = "T" if count == 1 else ", ".join(f"T{number}" for number in range(1, min(count, 9) + 1))
    return f"{head}<{letters}>{rest}"


def _arguments(text: str, depth: int) -> tuple[str, int]:
    """`[A,B[C]]` at the head of `text` as `<A, B<C>>`, and where it ends. What is no list stays as it is."""
    level, start, found = 0, 1, []
    for place, character in enumerate(text):
        if character == "[":
            level += 1
        elif character == "]":
            level -= 1
        if (character == "," and level == 1) or (character == "]" and level == 0):
            found.append(text[start:place])
            start = place + 1
        if level == 0:
            names = [_argument(one, depth) for one in found]
            return (f"<{', '.join(names)}>" if any(names) else text[: place + 1]), place + 1
    return text, len(text)


def _argument(text: str, depth: int) -> str:
    """A type argument without its namespace."""
    text = text.strip()
    name = ".".join(_generic(part if "`" in part else part.strip("[]"), depth) for part in _nested(text))
    head, bracket, rest = name.partition("<")
    if head.endswith("."):
        # What follows is no list of arguments but the name of a state machine, and its owner says more.
        return _INNER_MACHINE.sub(r"\1", ".".join(head.split(".")[-2:]) + bracket + rest)
    return head.rpartition(".")[2] + bracket + rest
