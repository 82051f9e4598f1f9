"""Where the parser stands with a token that does not fit, and how to speak of it."""

from __future__ import annotations

from typing import Protocol

from archgen.diagnostics import Diagnostic
from archgen.frozen import dataclass
from archgen.syntax.tokens import Token, span_of
from archgen.text import Source, Span


class Situation(Protocol):
    """Where the parser stands: its source, the token that does not fit, and its neighbours."""

    source: Source
    tokens: list[Token]
    at: int  # the place of `token` among them

    @property
    def token(self) -> Token: ...
    @property
    def previous(self) -> Token | None: ...
    @property
    def following(self) -> Token | None: ...
    @property
    def bracket(self) -> str | None:
        """The kind of the innermost open bracket."""

    def accepts(self, *kinds: str) -> bool:
        """Whether the parser could go on with these kinds of tokens."""

    def expected(self) -> set[str]:
        """Every kind of token that could stand here."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What to report; with `tokens`, what to read instead of the next `width` tokens."""

    diagnostic: Diagnostic
    tokens: list[Token] | None = None
    width: int = 1


def place(here: Situation) -> Span:
    """The token that does not fit; where it is an end, the last thing before it."""
    if here.token.type in ("_END", "$END"):
        return place_of_end(here)
    return span_of(here.source, here.token)


def place_of_end(here: Situation) -> Span:
    token = here.previous or here.token
    return span_of(here.source, token)


def statement(here: Situation) -> list[Token]:
    """The tokens of the statement that stand before the one that does not fit."""
    depth, start = 0, here.at
    while start > 0:
        kind = here.tokens[start - 1].type
        depth += (kind in ("RPAR", "RSQB")) - (kind in ("LPAR", "LSQB"))
        if depth <= 0 and kind in ("_END", "LBRACE", "RBRACE"):
            break
        start -= 1
    return here.tokens[start : here.at]


def text_of(here: Situation, first: Token, last: Token) -> str:
    return here.source.text[first.start : last.end]


def at_statement(here: Situation) -> bool:
    return here.previous is None or here.previous.type in ("_END", "LBRACE")


def shown(token: Token) -> str:
    if token.type == "$END":
        return "end of the text"
    if token.type == "_END":
        return "end of the statement"
    return f"`{_shortened(token.value)}`"


def _shortened(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return line if line == text and len(line) <= 30 else f"{line[:27]}..."


def made(kind: str, value: str, before: Token) -> Token:
    """A token that nobody wrote, in no space before another; or in place of it."""
    end = before.end if kind == "COMPARISON" else before.start
    return Token(kind, value, before.start, end)
