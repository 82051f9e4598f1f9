"""Tokens, and the tree of them that the parser makes: kinds, texts, and where they stand."""

from __future__ import annotations

from archgen.frozen import dataclass
from archgen.text import Source, Span


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A terminal of the grammar: its kind, and what is written from `start` to `end`."""

    type: str
    value: str
    start: int
    end: int

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """A rule of the grammar with what it holds; None stands for an optional part left out."""

    rule: str
    children: list[Raw | Token | None]
    start: int
    end: int


def span_of(source: Source, token: Token, last: Token | None = None) -> Span:
    """Give the place of a token, or from one to another."""
    return Span(source, token.start, (last or token).end)


def kinds(text: str) -> frozenset[str]:
    """Read a set of words: terminals of the grammar, mostly."""
    return frozenset(text.split())
