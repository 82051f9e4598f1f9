"""The words of the language that are not names."""

from __future__ import annotations

from archgen.syntax.tokens import kinds

RESERVED = kinds(
    "let if elif else for in from input output aux reuse expect init param "
    "add mul concat seq and or not true false none auto"
)
"""Cannot name anything, unless quoted."""

TOP_LEVEL = kinds("use arch block extern as")
"""Words at the top level alone; names elsewhere."""

NAMES = frozenset({"NAME", *(word.upper() for word in TOP_LEVEL)})
"""The kinds of tokens that are names, at least elsewhere than at the top level."""

ITEMS = frozenset(word.upper() for word in TOP_LEVEL - {"as"})
"""The kinds of tokens that begin an item of a file, and nothing else; so does `let`, in bodies
too."""
