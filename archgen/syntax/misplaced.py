"""Mistakes of place: what is well spelled and cannot stand here."""

from __future__ import annotations

from archgen.diagnostics import Edit, error
from archgen.syntax.brackets import closes_nothing
from archgen.syntax.misspellings import reserved
from archgen.syntax.situation import (
    Mistake,
    Situation,
    at_statement,
    made,
    place,
    shown,
    statement,
)
from archgen.syntax.tokens import Token, span_of
from archgen.syntax.words import ITEMS, RESERVED


def statement_in_chain(here: Situation) -> Mistake | None:
    previous = here.previous
    if here.token.type not in ("IF", "FOR", "INIT") or previous is None:
        return None
    if previous.type not in ("ARROW", "EQUAL"):
        return None
    help = "put it in braces: `{ if x { ... } }`; a value is chosen by `a if x else b`"
    if here.token.type == "INIT":
        help = "it is a statement: write it in a line of its own"
    report = error("A001", f"`{here.token}` is not a step", place(here), help=help)
    return Mistake(report)


def stray_else(here: Situation) -> Mistake | None:
    if here.token.type not in ("ELSE", "ELIF"):
        return None
    help = "it follows the closing brace of an `if`"
    report = error("A001", f"`{here.token}` without an `if`", place(here), help=help)
    if not here.accepts("_END"):
        return Mistake(report)
    apart = [made("_END", ";", here.token), made("ERROR", "", here.token)]
    return Mistake(report, apart)  # the line end before it was dropped; what it ended is kept


def definition_in_body(here: Situation) -> Mistake | None:
    word = here.previous
    if word is None or word.type not in ITEMS:
        return None
    if here.token.type not in ("NAME", "STRING") or here.bracket != "LBRACE":
        return None
    span = span_of(here.source, word)
    help = "move it out of the braces"
    return Mistake(error("A013", f"`{word}` stands at the top level only", span, help=help))


def reserved_word(here: Situation) -> Mistake | None:
    if here.token.value not in RESERVED or not here.accepts("NAME"):
        return None
    if here.accepts("ERROR") and here.bracket is None:
        return None
    before = statement(here)
    if here.token.type == "PARAM" and before and before[0].type == "EXPECT":
        fix = [Edit(place(here), "params")]
        message = "the number of parameters is called `params`"
        report = error("A008", message, place(here), help="write `params`", fix=fix)
        return Mistake(report, [Token("NAME", "params", here.token.start, here.token.end)])
    return Mistake(reserved(place(here)))


def stray_brace(here: Situation) -> Mistake | None:
    if here.token.type != "RBRACE" or here.bracket is not None:
        return None
    return Mistake(closes_nothing(place(here)), [])


def outside_of_bodies(here: Situation) -> Mistake | None:
    if here.bracket is not None or not here.accepts("ERROR"):
        return None
    help = (
        "at the top level stand `use`, `let`, `block`, `arch` and `extern`; is there a `}` too "
        "many above?"
    )
    report = error(
        "A013", f"{shown(here.token)} stands outside of every body", place(here), help=help
    )
    return Mistake(report)


def constant_without_let(here: Situation) -> Mistake | None:
    previous = here.previous
    if previous is None or previous.type != "EQUAL" or here.accepts("NUMBER"):
        return None
    if here.token.type not in ("NUMBER", "TRUE", "FALSE", "NONE", "AUTO", "LSQB", "MINUS"):
        return None
    report = error(
        "A001",
        f"{shown(here.token)} is not a layer",
        place(here),
        help="a constant is written `let name = ...`",
    )
    return Mistake(report)


def nothing_before_arrow(here: Situation) -> Mistake | None:
    if here.token.type != "ARROW" or not at_statement(here):
        return None
    message, previous = "there is no step before `->`", here.previous
    if previous is None or previous.value != ";":
        return Mistake(error("A017", message, place(here), help="begin with a step"))
    fix = [Edit(span_of(here.source, previous), "")]
    help = "remove the `;` before it: it ends the statement"
    return Mistake(error("A017", message, place(here), help=help, fix=fix))
