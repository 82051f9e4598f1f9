"""What a terminal is and what fits into it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO


def wants_color(stream: TextIO) -> bool:
    """Whether to color: a terminal that can, and a user who has not said no (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Align rows of cells; the columns of these numbers to the right. The last may be cut."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(fit("  ".join(cells).rstrip()))
    return lines


def fit(line: str) -> str:
    """Cut a line to the width of the terminal; whole where standard output is none."""
    import shutil

    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or len(line) <= width:
        return line
    return line[: width - 3] + "..."
