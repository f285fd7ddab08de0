"""Draws the picture of the README into the file named on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "ui"))

from ui_picture import picture

if __name__ == "__main__":
    picture(Path(sys.argv[1]))
