"""Linting a text: what the warnings are, and on which lines."""

from __future__ import annotations

from pathlib import Path

from archgen import api
from archgen.diagnostics import Diagnostic


def found(text: str, name: str = "net.arch") -> list[Diagnostic]:
    """Errors and warnings of a text, in the current folder."""
    Path(name).write_text(text, encoding="utf-8")
    return api.check_paths([name], lint=True)


def codes(text: str) -> list[tuple[str, int]]:
    """Code and line of each."""
    return [(item.code, item.span.line) for item in found(text)]


def body(*lines: str, size: int = 32) -> list[tuple[str, int]]:
    """Those of a network with these lines, counted from 1; it promises something."""
    text = "\n".join((f"arch net {{ input(8, {size}, {size})", *lines, "expect depth < 99 }\n"))
    return [(code, line - 1) for code, line in codes(text)]
