"""The Pygments lexer of specs: `pygmentize`, Sphinx, MkDocs and the like find it as `archgen`.

It splits a text with the grammar's own terminals, so that it cannot see other words than the
parser does; here they are only coloured. Text that is no token is an Error of one character, and
colouring goes on behind it. Imported by nothing else, since it needs Pygments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pygments import token as kind
from pygments.lexer import Lexer

from archgen.highlighting.words import (
    OPERATORS,
    PUNCTUATION,
    Builtin,
    Keyword,
    builtin,
    keyword,
)
from archgen.syntax.grammar import lex
from archgen.syntax.literals import string_content
from archgen.syntax.templates import PART
from archgen.syntax.tokens import Token
from archgen.syntax.words import NAMES

__all__ = ["ArchLexer"]

Kind = kind._TokenType
Piece = tuple[int, Kind, str]

_KEYWORDS: Final[dict[Keyword, Kind]] = {
    "control": kind.Keyword,
    "declaration": kind.Keyword.Declaration,
    "statement": kind.Keyword.Reserved,
    "logical": kind.Operator.Word,
    "constant": kind.Keyword.Constant,
}
_BUILTINS: Final[dict[Builtin, Kind]] = {
    "layer": kind.Name.Builtin,
    "function": kind.Name.Function,
}
_PLACE = re.compile(r"(?P<comment>#[^\n]*)|(?P<blank>[^#]+)")


class ArchLexer(Lexer):
    """Network architectures as archgen reads them."""

    name = "archgen"
    url = "https://pypi.org/project/archgen/"
    aliases: ClassVar[list[str]] = ["archgen", "arch"]
    filenames: ClassVar[list[str]] = ["*.arch"]
    mimetypes: ClassVar[list[str]] = ["text/x-archgen"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[Piece]:
        """Give place, kind and text of every piece of a text, whatever it holds."""
        return _pieces(text, 0, len(text))


def _pieces(text: str, start: int, end: int) -> Iterator[Piece]:
    tokens = list(_tokens(text, start, end))
    at = start
    for token, colour in zip(tokens, _Colours(tokens), strict=True):
        yield from _between(text, at, token.start)
        at = token.end
        if colour is kind.String.Double:
            yield from _string(text, token)
        else:
            yield token.start, colour, text[token.start : at]
    yield from _between(text, at, end)


def _tokens(text: str, start: int, end: int) -> Iterator[Token]:
    """The grammar's tokens, and ERROR for each character that begins none."""
    return lex(text, start, end, lambda at: (Token("ERROR", text[at], at, at + 1), at + 1))


def _between(text: str, start: int, end: int) -> Iterator[Piece]:
    """What stands between two tokens: white space, and comments."""
    for match in _PLACE.finditer(text, start, end):
        colour = kind.Comment.Single if match["comment"] else kind.Whitespace
        yield match.start(), colour, match[0]


def _string(text: str, token: Token) -> Iterator[Piece]:
    """A string with its `{expressions}`."""
    content, quotes = string_content(text[token.start : token.end])
    start = token.start + quotes
    end = start + len(content)
    yield token.start, kind.String.Double, text[token.start : start]
    for match in PART.finditer(text, start, end):
        if match["hole"] is not None:
            yield match.start(), kind.String.Interpol, "{"
            yield from _pieces(text, *match.span("hole"))
            yield match.end() - 1, kind.String.Interpol, "}"
        elif match["stray"]:
            yield match.start(), kind.Error, match[0]
        else:
            colour = kind.String.Escape if match["brace"] else kind.String.Double
            yield match.start(), colour, match[0]
    yield end, kind.String.Double, text[end : token.end]


class _Colours:
    """The colour of each token, by what it is and what stands beside it."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._open: list[str] = []

    def __iter__(self) -> Iterator[Kind]:
        for at, token in enumerate(self._tokens):
            yield self._of(at, token)
            if token.type in ("LPAR", "LSQB", "LBRACE"):
                self._open.append(token.type)
            elif token.type in ("RPAR", "RSQB", "RBRACE") and self._open:
                self._open.pop()

    def _of(self, at: int, token: Token) -> Kind:
        if token.type in OPERATORS:
            return kind.Operator
        if token.type in PUNCTUATION or token.value == ";":
            return kind.Punctuation
        if token.type in NAMES or (token.type == "INIT" and self._type(at + 1) == "EQUAL"):
            return self._of_name(at, token)
        if word := keyword(token.value):
            return _KEYWORDS[word]
        match token.type:
            case "NUMBER":
                whole = token.value.replace("_", "").isdigit()
                return kind.Number.Integer if whole else kind.Number.Float
            case "STRING":
                return self._of_string(at)
            case "_END":
                return kind.Whitespace
            case _:
                return kind.Error

    def _of_name(self, at: int, token: Token) -> Kind:
        if self._is_word(at, token):
            return kind.Keyword.Declaration
        before = self._type(at - 1)
        if before in ("ARCH", "BLOCK", "EXTERN") and self._begins_item(at - 1):
            return kind.Name.Class
        if self._type(at + 1) == "EQUAL":
            return kind.Name.Variable
        if before == "DOT":
            return kind.Name.Attribute
        if before in ("FROM", "REUSE"):
            return kind.Name
        found = builtin(token.value)
        return _BUILTINS[found] if found else kind.Name

    def _of_string(self, at: int) -> Kind:
        if self._type(at - 1) == "USE":
            return kind.String.Other
        return kind.String.Doc if self._stands_alone(at) else kind.String.Double

    def _is_word(self, at: int, token: Token) -> bool:
        """Whether one of those that are words only at the top level is one here."""
        if token.type == "AS":
            use = at - 3 if self._brings_arch(at - 2) else at - 2
            return self._type(use) == "USE" and self._begins_item(use)
        return token.type != "NAME" and (self._begins_item(at) or self._brings_arch(at))

    def _brings_arch(self, at: int) -> bool:
        """Whether this is the `arch` of `use arch NAME`; in `use arch as a` it is a library."""
        named = self._type(at + 1) in NAMES and self._type(at + 1) != "AS"
        is_arch = self._type(at) == "ARCH" and self._type(at - 1) == "USE"
        return is_arch and named and self._begins_item(at - 1)

    def _begins_item(self, at: int) -> bool:
        return not self._open and self._type(at - 1) in (None, "_END")

    def _stands_alone(self, at: int) -> bool:
        """Whether a string is a statement: documentation."""
        in_brackets = bool(self._open) and self._open[-1] != "LBRACE"
        return (
            not in_brackets
            and self._type(at - 1) in (None, "_END", "LBRACE")
            and self._type(at + 1) in (None, "_END", "RBRACE")
        )

    def _type(self, at: int) -> str | None:
        return self._tokens[at].type if 0 <= at < len(self._tokens) else None
