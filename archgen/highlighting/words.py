"""What kind of word each word of the language is, for those that colour specs.

The words themselves are those of the grammar, the layers, the initialisers and the functions;
here they are only sorted. Knows neither Pygments nor TextMate.
"""

from __future__ import annotations

from typing import Final, Literal

from archgen.layers import LAYERS
from archgen.layers.initialisers import INITIALISERS
from archgen.merges import UNRESERVED
from archgen.resolve.functions import FUNCTIONS
from archgen.syntax.tokens import kinds

Keyword = Literal["control", "declaration", "statement", "logical", "constant"]
Builtin = Literal["layer", "function"]

KEYWORDS: Final[dict[Keyword, frozenset[str]]] = {
    "control": kinds("if elif else for in"),
    "declaration": kinds("let use arch block extern as"),
    "statement": kinds("input output aux reuse from expect init param add mul concat seq"),
    "logical": kinds("and or not"),
    "constant": kinds("true false none auto"),
}
"""The words that are not names: each in one set, and together those of the grammar."""

BUILTINS: Final[dict[Builtin, frozenset[str]]] = {
    "layer": frozenset({*LAYERS, *UNRESERVED, "stage"}) - FUNCTIONS.keys(),
    "function": frozenset({*FUNCTIONS, *INITIALISERS}),
}
"""Names that mean something without a definition, where nothing else is called so."""

OPERATORS: Final = kinds("ARROW EQUAL COMPARISON PLUS MINUS TIMES DIVIDE FLOOR_DIVIDE MODULO POWER")
PUNCTUATION: Final = kinds("LPAR RPAR LSQB RSQB LBRACE RBRACE COMMA COLON DOT")
"""Terminals of the grammar that are signs."""


def keyword(word: str) -> Keyword | None:
    """The kind of a word that is not a name."""
    return next((kind for kind, words in KEYWORDS.items() if word in words), None)


def builtin(name: str) -> Builtin | None:
    """The kind of a name that is built in."""
    return next((kind for kind, names in BUILTINS.items() if name in names), None)
