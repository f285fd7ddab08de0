"""Names that compilers and runtimes make, written the way a C# person says them. Every name comes from the target."""

from __future__ import annotations

import re

from octotui.dotnet.stacks.model import Frame, FrameKind
from octotui.dotnet.stacks.typenames import (
    Segment,
    array_suffix,
    interface_method,
    last_dot,
    segments,
    short,
    spoken_type,
)
from octotui.text import printable

LONGEST = 300
"""Characters of a method's name; one with longer type arguments loses those first."""

_LONGEST_RAW = 2048
_DEEPEST = 6
_CLOSURE = re.compile(r"<>(?:c|O|E)(?:__\w*)?")
_MONO_CLOSURE = re.compile(r"c__(?:AnonStorey|DisplayClass)\w*")
_LOCAL_FUNCTION = re.compile(r"g__(.+?)(?:\|\d+(?:_\d+)?|\d+_\d+)")
_LAMBDA = re.compile(r"[bm]__[\w|-]*")
_STATE_MACHINE = re.compile(r"d(?:__\w+)?|c__async\w*")
_MONO_ITERATOR = re.compile(r"c__Iterator\w*")
_BASIC_STATE_MACHINE = re.compile(r"VB\$StateMachine_\d+_(.+)")
_FILE_TYPE = re.compile(r"F[0-9A-F]{8,64}__(.+)")
_ACCESSORS = {"get_": "get", "set_": "set", "add_": "add", "remove_": "remove"}
_DYNAMIC_FLAG = 0x1
_DYNAMIC_TYPE = "dynamicclass"
_LONGEST_MODULE = 120
_STUB = "IL_STUB"
_STUBS = {
    "IL_STUB_PInvoke": "native call",
    "IL_STUB_ReversePInvoke": "call from native code",
    "IL_STUB_DelegateInvoke": "call of a delegate",
    "IL_STUB_MulticastDelegate_Invoke": "call of several delegates",
    "IL_STUB_InstantiatingStub": "entry of a generic method",
    "IL_STUB_UnboxingStub": "entry of a method of a struct",
    "IL_STUB_StructMarshal": "copy of a struct for native code",
}
_OPERATORS = {
    "op_Equality": "==", "op_Inequality": "!=", "op_LessThan": "<", "op_GreaterThan": ">", "op_LessThanOrEqual": "<=",
    "op_GreaterThanOrEqual": ">=", "op_Addition": "+", "op_Subtraction": "-", "op_Multiply": "*", "op_Division": "/",
    "op_Modulus": "%", "op_BitwiseAnd": "&", "op_BitwiseOr": "|", "op_ExclusiveOr": "^", "op_LeftShift": "<<",
    "op_RightShift": ">>", "op_UnaryNegation": "-", "op_UnaryPlus": "+", "op_LogicalNot": "!", "op_Increment": "++",
    "op_Decrement": "--", "op_OnesComplement": "~", "op_True": "true", "op_False": "false",
}  # fmt: skip


def frame(module: str, type_name: str, method: str, flags: int = 0, signature: str = "") -> Frame:
    """The frame of a method, from the names that a runtime gives; `flags` are those of its method events.

    `type_name` has its namespace, `+` before nested types, arity and arguments of generic ones. `signature` tells an
    iterator from an async method: a step of the one returns a bool, of the other nothing; without it async is said,
    the common one.
    """
    type_name, method = type_name[:_LONGEST_RAW], method[:_LONGEST_RAW]
    if method.startswith(_STUB):
        words = _STUBS.get(method)
        return Frame("", printable(f"{words} ({method})" if words else method, LONGEST))
    if flags & _DYNAMIC_FLAG or type_name.lower() == _DYNAMIC_TYPE:
        owner = "" if type_name.lower() == _DYNAMIC_TYPE else spoken_type(segments(type_name))
        return Frame("", printable(_joined(owner, method) or "dynamic method", LONGEST), FrameKind.DYNAMIC)
    name, kind = _said(type_name, method, signature, with_arguments=True)
    if len(name) > LONGEST:
        name, kind = _said(type_name, method, signature, with_arguments=False)
    return Frame(printable(module, _LONGEST_MODULE), printable(name, LONGEST), kind)


def type_text(name: str) -> str:
    """The full name of a type as C# source has it."""
    name = name[:_LONGEST_RAW]
    path = segments(name)
    keyword = short(name)
    is_built_in = name.startswith("System.") and keyword.strip("[],*&").islower()
    text = keyword if is_built_in else spoken_type(path) + array_suffix(name)
    return printable(text if len(text) <= LONGEST else spoken_type(path, with_arguments=False), LONGEST)


def _said(type_name: str, method: str, signature: str, *, with_arguments: bool) -> tuple[str, FrameKind]:
    """The path of types that a person wrote, then the method that a person wrote."""
    path, kind, machine = _written_types(segments(type_name))
    types = spoken_type(path, with_arguments=with_arguments)
    if machine is not None:
        if method == "MoveNext":
            kind = FrameKind.ITERATOR if _returns_bool(signature) else kind
        elif method != "SetStateMachine":
            kind = FrameKind.ITERATOR
            machine = f"{machine}.{_plain(interface_method(method)[1])}"
        return _joined(types, machine), kind
    if method in (".ctor", ".cctor"):
        words = "constructor" if method == ".ctor" else "static constructor"
        return f"{types} {words}" if types else words, FrameKind.METHOD
    name, kind = _member(method, 0)
    if not name:
        # A lambda of mono's compiler has the name of its method in that of its closure.
        name = _closure_method(type_name)
    return _joined(types, name), kind


def _joined(types: str, name: str) -> str:
    return f"{types}.{name}" if types and name else types or name


def _returns_bool(signature: str) -> bool:
    return "bool" in signature.partition("(")[0].lower().split()


def _written_types(path: list[Segment]) -> tuple[list[Segment], FrameKind, str | None]:
    """`path` without what the compiler put into it, and the method whose state machine it ends in."""
    written: list[Segment] = []
    machine: str | None = None
    kind = FrameKind.METHOD
    for segment in path:
        namespace, name = last_dot(segment.name) if not written else ("", segment.name)
        inner, rest = _brackets(name)
        if _CLOSURE.fullmatch(name) or (inner is not None and _MONO_CLOSURE.fullmatch(rest)):
            continue
        if basic := _BASIC_STATE_MACHINE.fullmatch(name):
            machine, kind = basic[1], FrameKind.ASYNC
        elif inner is not None and _STATE_MACHINE.fullmatch(rest):
            machine, kind = _member(inner, 1)[0], FrameKind.ASYNC
        elif inner is not None and _MONO_ITERATOR.fullmatch(rest):
            machine, kind = _member(inner, 1)[0], FrameKind.ITERATOR
        else:
            if file_type := _FILE_TYPE.fullmatch(rest):
                name = file_type[1]
            elif inner is not None and rest in ("", "$"):
                name = inner
            written.append(segment._replace(name=_joined(namespace, name)))
    return written, kind, machine


def _closure_method(type_name: str) -> str:
    for segment in reversed(segments(type_name)):
        inner, rest = _brackets(segment.name)
        if inner and _MONO_CLOSURE.fullmatch(rest):
            return _member(inner, 1)[0]
    return ""


def _member(name: str, depth: int) -> tuple[str, FrameKind]:
    """A method's name as it was written, "" for a lambda that does not say where it stands."""
    inner, rest = _brackets(name)
    if inner is None or depth > _DEEPEST:
        return _plain(name), FrameKind.METHOD
    outer, kind = _member(inner, depth + 1) if inner else ("", FrameKind.METHOD)
    if _LAMBDA.fullmatch(rest):
        return outer, FrameKind.LAMBDA
    if local := _LOCAL_FUNCTION.fullmatch(rest):
        return _joined(outer, local[1]), FrameKind.LOCAL_FUNCTION
    if rest in ("", "$") and inner:
        return outer, kind
    return name, FrameKind.METHOD


def _plain(name: str) -> str:
    if name.startswith("."):
        return "constructor" if name in (".ctor", ".cctor") else name
    owner, name = interface_method(name)
    for prefix, word in _ACCESSORS.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            property_name = name[len(prefix) :]
            name = f"this[].{word}" if property_name == "Item" else f"{property_name}.{word}"
            break
    else:
        if name in _OPERATORS:
            name = f"operator {_OPERATORS[name]}"
        elif name in ("op_Implicit", "op_Explicit"):
            name = f"{name[3:].lower()} operator"
    return _joined(owner, name)


def _brackets(name: str) -> tuple[str | None, str]:
    """What stands in the angle brackets that `name` begins with, and what follows; None when it begins otherwise."""
    if not name.startswith("<"):
        return None, name
    depth = 0
    for at, character in enumerate(name):
        if character == "<":
            depth += 1
        elif character == ">":
            depth -= 1
            if depth == 0:
                return name[1:at], name[at + 1 :]
    return None, name
