"""Mistakes of omission: a sign, a part or a body that is not there."""

from __future__ import annotations

from archgen.diagnostics import Edit, error
from archgen.syntax.situation import (
    Mistake,
    Situation,
    made,
    place,
    place_of_end,
    shown,
)
from archgen.syntax.tokens import kinds, span_of
from archgen.syntax.words import NAMES

_BEGINS_OPERAND = kinds("NAME NUMBER STRING INPUT OUTPUT FROM TRUE FALSE NONE AUTO NOT LPAR LSQB")
_BEGINS_STATEMENT = NAMES | kinds(
    "STRING INPUT OUTPUT INIT PARAM ADD MUL CONCAT SEQ FROM REUSE IF FOR LET AUX EXPECT LBRACE"
)
_BEGINS_STEP = kinds("NAME ADD MUL CONCAT SEQ LBRACE")
_ENDS_SOMETHING = kinds("_END $END RBRACE RPAR RSQB COMMA LBRACE ARROW COLON")
_OPERATORS = kinds("PLUS MINUS TIMES DIVIDE FLOOR_DIVIDE MODULO POWER COMPARISON AND OR NOT")
_AWAITS = {
    "EQUAL": "a value",
    "ARROW": "a step",
    "FROM": "the name of a value",
    "REUSE": "the name of a submodule",
    "IF": "a condition",
    "ELIF": "a condition",
    "EXPECT": "a condition",
    "IN": "a list",
}


def in_(here: Situation) -> Mistake | None:
    if here.token.type == "IN" or not here.accepts("IN", here.token.type):
        return None
    fix = [Edit.before(place(here), "in ")]
    return Mistake(error("A017", "`in` is missing", place(here), help="write `in`", fix=fix))


def comma(here: Situation) -> Mistake | None:
    kind = here.token.type
    if here.bracket not in ("LPAR", "LSQB") or kind not in _BEGINS_OPERAND:
        return None
    if not here.accepts("COMMA", kind):
        return None
    fix = [Edit.behind(place_of_end(here), ",")]
    message = f"a comma is missing before {shown(here.token)}"
    report = error("A009", message, place(here), help="write `,` between two of them", fix=fix)
    return Mistake(report, [made("COMMA", ",", here.token), here.token])


def two_statements(here: Situation) -> Mistake | None:
    kind = here.token.type
    if kind not in _BEGINS_STATEMENT or not here.accepts("_END", kind):
        return None
    help = "write `->` between two steps of a chain, and `;` or a new line between statements"
    joins = kind in _BEGINS_STEP and here.accepts("ARROW", kind)
    fix = [Edit.before(place(here), "-> " if joins else "; ")]
    message = f"something is missing before {shown(here.token)}"
    report = error("A012", message, place(here), help=help, fix=fix)
    if kind == "STRING":
        return Mistake(report)
    return Mistake(report, [made("_END", ";", here.token), here.token])


def part(here: Situation) -> Mistake | None:
    previous = here.previous
    if here.token.type not in _ENDS_SOMETHING:
        return None
    if not (here.accepts("NAME") or here.accepts("NUMBER")):
        return None
    if previous is None:
        return Mistake(error("A017", "an expression is missing", place(here)))
    if previous.type in _OPERATORS:
        missing = "a value"
    elif previous.type in _AWAITS:
        missing = _AWAITS[previous.type]
    elif previous.type == "COMMA" or previous.type in ("LPAR", "LSQB"):
        missing = "something"
    else:
        missing = "a name"
    span = span_of(here.source, previous)
    return Mistake(error("A017", f"{missing} is missing after `{previous}`", span))


def body(here: Situation) -> Mistake | None:
    if here.token.type not in ("_END", "$END", "RBRACE") or not here.accepts("LBRACE"):
        return None
    report = error("A017", "a body in braces is missing here", place_of_end(here))
    return Mistake(report)
