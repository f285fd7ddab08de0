"""Who may import whom among the rooms of `dumps`: a room uses those before it and nothing after it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

DUMPS = Path(__file__).resolve().parents[2] / "octotui" / "dumps"
ORDER = (
    "commands", "model", "arming", "results", "progress", "rights", "disk", "targets", "exits", "sentry", "verifying",
    "keeping", "staged", "estimating", "backends", "plans", "captures", "survival", "service", "catching",
)  # fmt: skip


def rooms_of(path: Path) -> set[str]:
    """The rooms of `dumps` that a module imports, at its head and inside its functions."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    rooms = {alias.name for node in nodes if node.module == "octotui.dumps" for alias in node.names}
    modules = [node.module for node in nodes if (node.module or "").startswith("octotui.dumps.")]
    return rooms | {module.split(".")[2] for module in modules if module}


def room_of(path: Path) -> str:
    return path.relative_to(DUMPS).with_suffix("").parts[0]


@pytest.mark.parametrize("path", sorted(DUMPS.rglob("*.py")), ids=lambda path: path.relative_to(DUMPS).as_posix())
def test_a_room_of_the_dumps_uses_only_what_comes_before_it(path: Path) -> None:
    if path == DUMPS / "__init__.py":
        assert rooms_of(path) == set()
        return
    place = ORDER.index(room_of(path))
    assert sorted(room for room in rooms_of(path) if ORDER.index(room) > place) == []
