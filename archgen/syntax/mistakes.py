"""What goes wrong in the text of a spec, and what to say about it.

Two tables: `_CHARACTERS` for text that is no token, `_MISTAKES` for a token that does not fit.
Each row names one typical mistake; the first that applies speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from lark import Token
from archgen.diagnostics import Diagnostic, Label, Sink, error
from archgen.source import Source, Span


@dataclass(frozen=True, slots=True)
class Repair:
    diagnostic: Diagnostic
    token: Token


@dataclass(frozen=True, slots=True)
class Mistake:
    diagnostic: Diagnostic
    tokens: list[Token] | None = None
    width: int = 1


class Situation(Protocol):
    source: Source

    @property
    def token(self) -> Token: ...
    @property
    def previous(self) -> Token | None: ...
    @property
    def following(self) -> Token | None: ...
    @property
    def at_top_level(self) -> bool: ...
    def accepts(self, *kinds: str) -> bool: ...
    def expected(self) -> set[str]: ...


def respelled(source: Source, token: Token, sink: Sink) -> Token:
    return token


def mend_characters(source: Source, at: int, end: int) -> Repair:
    span = source.span(at, at + 1)
    return Repair(error("A004", f"{span.text!r} means nothing here", span), Token("ERROR", "", at, 0, 0, 0, 0, at + 1))


def closes_nothing(span: Span) -> Diagnostic:
    return error("A003", f"`{span.text}` closes nothing", span)


def closes_another(span: Span, token: Token, opener: Span) -> Diagnostic:
    return error("A003", f"`{opener.text}` is closed by `{span.text}`", span, also=[Label(opener, "opened here")])


def semicolon_in_brackets(span: Span) -> Diagnostic:
    return error("A001", "`;` inside brackets", span)


def not_closed(span: Span) -> Diagnostic:
    return error("A002", f"`{span.text}` is not closed", span)


def diagnose(situation: Situation) -> Mistake:
    token = situation.token
    span = situation.source.span(token.start_pos, token.end_pos)
    return Mistake(error("A001", f"unexpected `{token.value}`", span))
