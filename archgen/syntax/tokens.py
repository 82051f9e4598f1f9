"""Lark's tokens as this package uses them: a kind, a text, and where it stands."""

from __future__ import annotations

from typing import cast

from lark import Token

from archgen.text import Source, Span


def make_token(kind: str, text: str, begin: int, end: int) -> Token:
    """Make a token that the lexer did not; its lines are never read."""
    return Token(kind, text, begin, 0, 0, 0, 0, end)


def begin_of(token: Token) -> int:
    return cast(int, token.start_pos)


def end_of(token: Token) -> int:
    return cast(int, token.end_pos)


def span_of(source: Source, token: Token, last: Token | None = None) -> Span:
    """Give the place of a token, or from one to another."""
    return source.span(begin_of(token), end_of(last or token))


def kinds(text: str) -> frozenset[str]:
    """Read a set of words: terminals of the grammar, mostly."""
    return frozenset(text.split())
