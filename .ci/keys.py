"""Writes the key table of the action table between the marks of the README named on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from octotui.ui.actions import key_table_markdown

BEGIN, END = "<!-- keys:begin -->\n", "<!-- keys:end -->"


def main(path: Path) -> None:
    before, begin, rest = path.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{path} has no {BEGIN.strip()} ... {END}")
    path.write_text(before + begin + key_table_markdown() + end + after, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
