"""Who may import whom, read from the imports of every module: at its head and inside its functions."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "octotui"

BASE = {"text", "units", "errors"}
BELOW = {"processes", "octopus", "dotnet", "analysis", "dumps"}
ROOMS: dict[str, set[str]] = {
    "text": set(),
    "units": set(),
    "errors": set(),
    "locations": set(),
    "config": {"configfile", "errors", "text"},
    "configfile": {"errors", "text"},
    "processes": BASE | {"processes"},
    "octopus": {"octopus", "processes.model", "text"},
    "dotnet": {"dotnet", "processes.model", "text", "errors"},
    "analysis": BASE | {"", "analysis", "dotnet", "octopus", "processes"},
    "dumps": BASE | {"", "dumps", "analysis", "dotnet", "octopus", "processes", "locations"},
    "demo": {"demo", "errors"},
    "host": BASE | {"config", "locations", "processes", "octopus", "dotnet", "analysis", "dumps"},
    "cli": BASE | BELOW | {"cli", "", "config", "configfile", "locations", "host", "demo"},
    "ui": BASE | BELOW | {"ui", "", "config", "configfile", "locations", "host"},
    "__main__": {"cli"},
    "": set(),
}
"""Room -> the rooms and modules of octotui that it may import; "" is the package itself (its version)."""

PACKAGES: dict[str, set[str]] = {
    "locations": {"platformdirs"},
    "dumps": {"zstandard"},
    "cli": {"click"},
    "ui": {"textual", "rich"},
}
MODULE_PACKAGES = {"processes.portable": {"psutil"}}
IN_FUNCTIONS = {"cli": {"rich"}}
"""What a room may import of other projects: anywhere, in one module, inside functions alone."""


@dataclass(frozen=True)
class Import:
    module: str
    line: int
    is_deferred: bool
    is_for_types: bool


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(module: str) -> str:
    return module.partition(".")[0]


def imports(tree: ast.AST, deferred: bool = False, for_types: bool = False) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        inside = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        types = for_types or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, inside, types)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield from (Import(found, node.lineno, inside, types) for found in _names(node))
        else:
            yield from imports(node, inside, types)


def _names(node: ast.ImportFrom) -> Iterator[str]:
    """`from octotui.x import y` imports `octotui.x.y` where that is a module, else `octotui.x`."""
    module = node.module or ""
    for alias in node.names:
        inner = PACKAGE.parent.joinpath(*module.split("."), alias.name)
        is_module = module.startswith("octotui") and (inner.is_dir() or inner.with_suffix(".py").exists())
        yield f"{module}.{alias.name}" if is_module else module


def complaint(module: str, found: Import) -> str:
    """What is wrong with this import of `module`, or ""."""
    room = room_of(module)
    top, _, rest = found.module.partition(".")
    if top == "octotui":
        if room == "cli" and room_of(rest) == "ui":
            return "" if found.is_deferred or found.is_for_types else "ui at module scope"
        allowed = ROOMS[room]
        return "" if rest in allowed or (rest and room_of(rest) in allowed) else "another room"
    if top in sys.stdlib_module_names:
        return "the ui runs no process" if (room, top) == ("ui", "subprocess") else ""
    allowed = PACKAGES.get(room, set()) | MODULE_PACKAGES.get(module, set())
    if found.is_deferred or found.is_for_types:
        allowed = allowed | IN_FUNCTIONS.get(room, set())
    return "" if top in allowed else "a package of another project"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_what_its_room_may_use(path: Path) -> None:
    module = name_of(path)
    wrong = [
        f"line {found.line}: {found.module} ({words})"
        for found in imports(ast.parse(path.read_text("utf-8")))
        if (words := complaint(module, found))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "imported", "deferred", "is_wrong"),
    [
        ("processes.forest", "octotui.octopus.roles", False, True),
        ("processes.forest", "psutil", True, True),
        ("processes.portable", "psutil", False, False),
        ("octopus.roles", "octotui.processes.model", False, False),
        ("octopus.roles", "octotui.processes.forest", False, True),
        ("dumps.service", "rich.console", True, True),
        ("cli.dump", "rich.console", False, True),
        ("cli.dump", "rich.console", True, False),
        ("cli.tui", "octotui.ui.app", False, True),
        ("cli.tui", "octotui.ui.app", True, False),
        ("cli.tui", "textual.app", True, True),
        ("ui.app", "subprocess", False, True),
        ("dotnet.ipc", "octotui.dumps.model", False, True),
    ],
)
def test_the_rule_itself_tells_right_from_wrong(module: str, imported: str, deferred: bool, is_wrong: bool) -> None:
    assert bool(complaint(module, Import(imported, 1, deferred, False))) is is_wrong


@pytest.mark.parametrize("path", [p for p in modules() if room_of(name_of(p)) == "ui"], ids=name_of)
def test_the_ui_opens_no_file_of_its_own_and_reads_no_proc(path: Path) -> None:
    if name_of(path) == "ui.stylesheets":
        pytest.skip("reads the styles, which is its purpose")
    tree = ast.parse(path.read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [call.lineno for call in calls if call.func.id == "open"] == []  # type: ignore[attr-defined]
    assert [text for text in texts if text.startswith("/proc")] == []
