"""A token that does not fit: which typical mistake it is, and what to say about it.

`_TABLE` holds one function a mistake, the most telling first; the first that applies speaks. A
mistake whose correction is certain carries it, so that the parser goes on as if it had been right.
"""

from __future__ import annotations

from collections.abc import Callable

from archgen.diagnostics import error
from archgen.syntax import foreign, functional, misplaced, missing
from archgen.syntax.situation import Mistake, Situation, place, shown

_TABLE: tuple[Callable[[Situation], Mistake | None], ...] = (
    foreign.fat_arrow,
    foreign.equality,
    misplaced.constant_without_let,
    foreign.number_without_zero,
    foreign.python_statement,
    functional.loop_in_parentheses,
    functional.merge_of_arguments,
    functional.arithmetic,
    functional.tuple_,
    functional.braces_of_no_merge,
    functional.method,
    functional.dotted_name,
    functional.comma_between_steps,
    functional.bare_arguments,
    foreign.colon,
    foreign.brace_on_its_own_line,
    misplaced.stray_else,
    misplaced.definition_in_body,
    misplaced.stray_brace,
    misplaced.statement_in_chain,
    misplaced.reserved_word,
    misplaced.outside_of_bodies,
    missing.in_,
    missing.comma,
    missing.two_statements,
    misplaced.nothing_before_arrow,
    missing.part,
    missing.body,
)


def diagnose(here: Situation) -> Mistake:
    """Explain the token that the parser cannot take."""
    for row in _TABLE:
        mistake = row(here)
        if mistake is not None:
            return mistake
    return _unexpected(here)


_SPELLINGS = {
    "EQUAL": "`=`",
    "COMMA": "`,`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "ARROW": "`->`",
    "COLON": "`:`",
    "DOT": "`.`",
    "_END": "a new line",
    "$END": "the end",
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
}
_FEW = 4


def _unexpected(here: Situation) -> Mistake:
    expected = sorted(_SPELLINGS[kind] for kind in here.expected() if kind in _SPELLINGS)
    label = f"expected {' or '.join(expected)}" if 0 < len(expected) <= _FEW else ""
    return Mistake(error("A001", f"unexpected {shown(here.token)}", place(here), label))
