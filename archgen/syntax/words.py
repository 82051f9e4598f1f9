"""The words of the language that are not names."""

from __future__ import annotations

RESERVED = frozenset(
    "let if elif else for in from input output aux reuse expect init param "
    "add mul concat seq and or not true false none auto".split()
)
"""Cannot name anything, unless quoted."""

TOP_LEVEL = frozenset("use arch block as".split())
"""Words at the top level alone; names elsewhere."""
