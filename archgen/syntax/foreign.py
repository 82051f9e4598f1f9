"""Mistakes of those who know other languages: signs and statements that are theirs."""

from __future__ import annotations

from archgen.diagnostics import Edit, error
from archgen.syntax.situation import (
    Mistake,
    Situation,
    made,
    place,
    statement,
)
from archgen.syntax.tokens import Token, span_of

_LONGEST_HEAD = 40
_PYTHON = {
    "def": "a reusable part is written `block name(...) { ... }`",
    "class": "a reusable part is written `block name(...) { ... }`",
    "import": "a library is brought by `use name`",
    "return": "the last value of a body is its result; `output a, b` names others",
    "while": "repetition is `for x in list { ... }`, over a list that is known",
    "lambda": "functions cannot be written; a `block` or a comprehension may do",
}


def fat_arrow(here: Situation) -> Mistake | None:
    for sign, edge in ((here.token, here.following), (here.previous, here.token)):
        if sign is None or edge is None or (sign.type, edge.value) != ("EQUAL", ">"):
            continue
        span = span_of(here.source, sign, edge)
        if len(span.text) == 2:
            help = "write `->` between steps, `>=` to compare"
            fix = [Edit(span, "->")]
            return Mistake(error("A011", "`=>` is not a sign", span, help=help, fix=fix))
    return None


def equality(here: Situation) -> Mistake | None:
    if here.token.type != "EQUAL" or not here.accepts("COMPARISON"):
        return None
    message = "`=` gives a name; it does not compare"
    fix = [Edit(place(here), "==")]
    report = error("A010", message, place(here), help="write `==`", fix=fix)
    return Mistake(report, [made("COMPARISON", "==", here.token)])


def number_without_zero(here: Situation) -> Mistake | None:
    following = here.following
    if here.token.type != "DOT" or following is None or following.type != "NUMBER":
        return None
    span = span_of(here.source, here.token, following)
    message, fix = f"`{span.text}` is not a number", [Edit(span, f"0{span.text}")]
    report = error("A006", message, span, help=f"write `0{span.text}`", fix=fix)
    if not here.accepts("NUMBER"):
        return None
    number = Token("NUMBER", f"0.{following}", span.start, span.end)
    return Mistake(report, [number], width=2)


def python_statement(here: Situation) -> Mistake | None:
    for word in (here.previous, here.token):
        if word is not None and word.type == "NAME" and word.value in _PYTHON:
            span = span_of(here.source, word)
            report = error("A011", f"there is no `{word}` here", span, help=_PYTHON[word.value])
            return Mistake(report)
    return None


def colon(here: Situation) -> Mistake | None:
    if here.token.type != "COLON":
        return None
    if here.accepts("LBRACE"):
        help = f"a body stands in braces: `{_head(here)} {{ ... }}`"
        report = error("A011", "`:` opens no body", place(here), help=help)
        braces = here.following is not None and here.following.type == "LBRACE"
        return Mistake(report, [] if braces else None)
    if here.bracket == "LPAR" and here.accepts("COMMA"):
        help = "parameters have no types; a default is given with `=`"
        return Mistake(error("A011", "`:` means nothing here", place(here), help=help))
    return None


def _head(here: Situation) -> str:
    """What stands before a `:`, if it is short."""
    before = statement(here)
    text = span_of(here.source, before[0], before[-1]).text if before else ""
    return text if text.isprintable() and 0 < len(text) <= _LONGEST_HEAD else "if x"


def brace_on_its_own_line(here: Situation) -> Mistake | None:
    following = here.following
    if here.token.type != "_END" or following is None or following.type != "LBRACE":
        return None
    if not here.accepts("LBRACE"):
        return None
    span = span_of(here.source, following)
    before = span_of(here.source, here.previous) if here.previous else span
    fix = [Edit(here.source.span(before.end, span.start), " ")]
    help = "move it to the end of the line above"
    message = "`{` stands on the line of what it belongs to"
    report = error("A012", message, span, help=help, fix=fix)
    return Mistake(report, [])
