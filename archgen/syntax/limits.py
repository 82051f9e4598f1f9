"""How large and how deep a spec may be. A spec is data from strangers, and walks recurse."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 1 << 20
MAX_TOKENS: Final = 50_000
MAX_BRACKETS: Final = 48
"""Brackets of any kind inside one another."""
MAX_DEPTH: Final = 160
"""Nodes of the syntax tree inside one another: walks of it stay below Python's own limit."""
MAX_OPERATORS: Final = MAX_DEPTH
"""Operators in a row, without brackets, `and` or `or`: each may add a level to the tree."""
MAX_ERRORS: Final = 20
MAX_INTEGER: Final = 2**63 - 1
MAX_DIGITS: Final = 64
MAX_HOLES: Final = 2_000
"""Expressions inside strings, in one file."""
MAX_HOLE_DEPTH: Final = 32
