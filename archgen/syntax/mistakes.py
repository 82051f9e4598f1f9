"""A token that does not fit: which typical mistake it is, and what to say about it.

`_TABLE` holds one function a mistake, the most telling first; the first that applies speaks. A
mistake whose correction is certain carries it, so that the parser goes on as if it had been right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from archgen.diagnostics import Diagnostic, Label, error
from archgen.frozen import dataclass
from archgen.syntax.misspellings import reserved
from archgen.syntax.tokens import Token, kinds, span_of
from archgen.syntax.words import RESERVED
from archgen.text import Source, Span


class Situation(Protocol):
    """Where the parser stands: its source, the token that does not fit, and its neighbours."""

    source: Source

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


def diagnose(here: Situation) -> Mistake:
    """Explain the token that the parser cannot take."""
    for row in _TABLE:
        mistake = row(here)
        if mistake is not None:
            return mistake
    return _unexpected(here)


# --- brackets, which are paired before the parser runs -----------------------------------


def closes_nothing(span: Span) -> Diagnostic:
    return error("A003", f"`{span.text}` closes nothing", span)


def closes_another(span: Span, opener: Span) -> Diagnostic:
    return error(
        "A003",
        f"`{opener.text}` is closed by `{span.text}`",
        span,
        also=[Label(opener, "opened here")],
    )


def not_closed(span: Span) -> Diagnostic:
    closer = {"(": ")", "[": "]", "{": "}"}[span.text]
    return error("A002", f"`{span.text}` is never closed", span, help=f"`{closer}` is missing")


def brace_in_brackets(span: Span) -> Diagnostic:
    help = "a list stands in `[ ]`; a body cannot be an argument: give it a name, as a block"
    return error("A001", "`{` inside other brackets", span, help=help)


def semicolon_in_brackets(span: Span) -> Diagnostic:
    return error("A009", "`;` ends a statement, here inside brackets", span, help="write `,`")


# --- the table ---------------------------------------------------------------------------

_BEGINS_OPERAND = kinds("NAME NUMBER STRING INPUT OUTPUT FROM TRUE FALSE NONE AUTO NOT LPAR LSQB")
_BEGINS_STATEMENT = kinds(
    "NAME STRING INPUT OUTPUT INIT PARAM ADD MUL CONCAT SEQ FROM REUSE IF FOR LET AUX EXPECT "
    "LBRACE USE BLOCK ARCH AS"
)
_ENDS_SOMETHING = kinds("_END $END RBRACE RPAR RSQB COMMA LBRACE ARROW COLON")
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
_OPERATORS = kinds("PLUS MINUS TIMES DIVIDE FLOOR_DIVIDE MODULO POWER COMPARISON AND OR NOT")
_PYTHON = {
    "def": "a reusable part is written `block name(...) { ... }`",
    "class": "a reusable part is written `block name(...) { ... }`",
    "import": "a library is brought by `use name`",
    "return": "the last value of a body is its result; `output a, b` names others",
    "while": "repetition is `for x in list { ... }`, over a list that is known",
    "lambda": "functions cannot be written; a `block` or a comprehension may do",
}


def _equality(here: Situation) -> Mistake | None:
    if here.token.type != "EQUAL" or not here.accepts("COMPARISON"):
        return None
    report = error("A010", "`=` gives a name; it does not compare", _span(here), help="write `==`")
    return Mistake(report, [_made("COMPARISON", "==", here.token)])


def _number_without_zero(here: Situation) -> Mistake | None:
    following = here.following
    if here.token.type != "DOT" or following is None or following.type != "NUMBER":
        return None
    span = span_of(here.source, here.token, following)
    report = error("A006", f"`{span.text}` is not a number", span, help=f"write `0{span.text}`")
    if not here.accepts("NUMBER"):
        return None
    number = Token("NUMBER", f"0.{following}", span.start, span.end)
    return Mistake(report, [number], width=2)


def _comment_of_another_language(here: Situation) -> Mistake | None:
    if here.token.type not in ("FLOOR_DIVIDE", "DIVIDE") or not _at_statement(here):
        return None
    report = error("A011", f"`{here.token}` begins no comment", _span(here), help="write `#`")
    return Mistake(report)


def _python_statement(here: Situation) -> Mistake | None:
    for word in (here.previous, here.token):
        if word is not None and word.type == "NAME" and word.value in _PYTHON:
            span = span_of(here.source, word)
            report = error("A011", f"there is no `{word}` here", span, help=_PYTHON[word.value])
            return Mistake(report)
    return None


def _colon(here: Situation) -> Mistake | None:
    if here.token.type != "COLON":
        return None
    if here.accepts("LBRACE"):
        help = "a body stands in braces: `if x { ... }`"
        report = error("A011", "`:` opens no body", _span(here), help=help)
        braces = here.following is not None and here.following.type == "LBRACE"
        return Mistake(report, [] if braces else None)
    if here.bracket == "LPAR" and here.accepts("COMMA"):
        help = "parameters have no types; a default is given with `=`"
        return Mistake(error("A011", "`:` means nothing here", _span(here), help=help))
    return None


def _brace_on_its_own_line(here: Situation) -> Mistake | None:
    following = here.following
    if here.token.type != "_END" or following is None or following.type != "LBRACE":
        return None
    if not here.accepts("LBRACE"):
        return None
    span = span_of(here.source, following)
    report = error("A012", "`{` stands on the line of what it belongs to", span)
    return Mistake(report, [])


def _statement_in_chain(here: Situation) -> Mistake | None:
    previous = here.previous
    if here.token.type not in ("IF", "FOR") or previous is None:
        return None
    if previous.type not in ("ARROW", "EQUAL"):
        return None
    help = "put it in braces: `{ if x { ... } }`; a value is chosen by `a if x else b`"
    report = error("A001", f"`{here.token}` is not a step", _span(here), help=help)
    return Mistake(report)


def _stray_else(here: Situation) -> Mistake | None:
    if here.token.type not in ("ELSE", "ELIF"):
        return None
    help = "it follows the closing brace of an `if`"
    report = error("A001", f"`{here.token}` without an `if`", _span(here), help=help)
    if not here.accepts("_END"):
        return Mistake(report)
    apart = [_made("_END", ";", here.token), _made("ERROR", "", here.token)]
    return Mistake(report, apart)  # the line end before it was dropped; what it ended is kept


def _definition_in_body(here: Situation) -> Mistake | None:
    word = here.previous
    if word is None or word.type not in ("USE", "ARCH", "BLOCK"):
        return None
    if here.token.type not in ("NAME", "STRING") or here.bracket != "LBRACE":
        return None
    span = span_of(here.source, word)
    help = "move it out of the braces"
    return Mistake(error("A013", f"`{word}` stands at the top level only", span, help=help))


def _reserved_word(here: Situation) -> Mistake | None:
    if here.token.value not in RESERVED or not here.accepts("NAME"):
        return None
    if here.accepts("ERROR") and here.bracket is None:
        return None
    return Mistake(reserved(_span(here)))


def _stray_brace(here: Situation) -> Mistake | None:
    if here.token.type != "RBRACE" or here.bracket is not None:
        return None
    return Mistake(closes_nothing(_span(here)), [])


def _outside_of_bodies(here: Situation) -> Mistake | None:
    if here.bracket is not None or not here.accepts("ERROR"):
        return None
    help = "at the top level stand `use`, `let`, `block` and `arch`; is there a `}` too many above?"
    report = error(
        "A013", f"{_shown(here.token)} stands outside of every body", _span(here), help=help
    )
    return Mistake(report)


def _output_of_indexed(here: Situation) -> Mistake | None:
    previous = here.previous
    if here.token.type != "DOT" or previous is None or previous.type != "RSQB":
        return None
    help = "give it a name first: `part = from xs[i]`"
    return Mistake(error("A001", "`.` cannot follow `]`", _span(here), help=help))


def _missing_in(here: Situation) -> Mistake | None:
    if here.token.type == "IN" or not here.accepts("IN", here.token.type):
        return None
    return Mistake(error("A017", "`in` is missing", _span(here)))


def _missing_comma(here: Situation) -> Mistake | None:
    kind = here.token.type
    if here.bracket not in ("LPAR", "LSQB") or kind not in _BEGINS_OPERAND:
        return None
    if not here.accepts("COMMA", kind):
        return None
    report = error("A009", f"a comma is missing before {_shown(here.token)}", _span(here))
    return Mistake(report, [_made("COMMA", ",", here.token), here.token])


def _bare_argument(here: Situation) -> Mistake | None:
    previous = here.previous
    if here.token.type != "NUMBER" or previous is None or previous.type != "NAME":
        return None
    if here.bracket != "LBRACE":
        return None
    help = f"write `{previous}({here.token})`"
    return Mistake(error("A012", "arguments stand in parentheses", _span(here), help=help))


def _two_statements(here: Situation) -> Mistake | None:
    kind = here.token.type
    if kind not in _BEGINS_STATEMENT or not here.accepts("_END", kind):
        return None
    help = "write `->` between two steps of a chain, and `;` or a new line between statements"
    report = error(
        "A012", f"something is missing before {_shown(here.token)}", _span(here), help=help
    )
    if kind == "STRING":
        return Mistake(report)
    return Mistake(report, [_made("_END", ";", here.token), here.token])


def _fat_arrow(here: Situation) -> Mistake | None:
    for sign, edge in ((here.token, here.following), (here.previous, here.token)):
        if sign is None or edge is None or (sign.type, edge.value) != ("EQUAL", ">"):
            continue
        span = span_of(here.source, sign, edge)
        if len(span.text) == 2:
            help = "write `->` between steps, `>=` to compare"
            return Mistake(error("A011", "`=>` is not a sign", span, help=help))
    return None


def _constant_without_let(here: Situation) -> Mistake | None:
    previous = here.previous
    if previous is None or previous.type != "EQUAL" or here.accepts("NUMBER"):
        return None
    if here.token.type not in ("NUMBER", "TRUE", "FALSE", "NONE", "AUTO", "LSQB", "MINUS"):
        return None
    report = error(
        "A001",
        f"{_shown(here.token)} is not a layer",
        _span(here),
        help="a constant is written `let name = ...`",
    )
    return Mistake(report)


def _nothing_before_arrow(here: Situation) -> Mistake | None:
    if here.token.type != "ARROW" or not _at_statement(here):
        return None
    return Mistake(error("A017", "there is no step before `->`", _span(here)))


def _missing_part(here: Situation) -> Mistake | None:
    previous = here.previous
    if here.token.type not in _ENDS_SOMETHING:
        return None
    if not (here.accepts("NAME") or here.accepts("NUMBER")):
        return None
    if previous is None:
        return Mistake(error("A017", "an expression is missing", _span(here)))
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


def _missing_body(here: Situation) -> Mistake | None:
    if here.token.type not in ("_END", "$END", "RBRACE") or not here.accepts("LBRACE"):
        return None
    report = error("A017", "a body in braces is missing here", _span_of_end(here))
    return Mistake(report)


_TABLE: tuple[Callable[[Situation], Mistake | None], ...] = (
    _fat_arrow,
    _equality,
    _constant_without_let,
    _number_without_zero,
    _comment_of_another_language,
    _python_statement,
    _colon,
    _brace_on_its_own_line,
    _stray_else,
    _definition_in_body,
    _stray_brace,
    _statement_in_chain,
    _reserved_word,
    _outside_of_bodies,
    _output_of_indexed,
    _missing_in,
    _missing_comma,
    _bare_argument,
    _two_statements,
    _nothing_before_arrow,
    _missing_part,
    _missing_body,
)


# --- when no row applies -----------------------------------------------------------------

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
    return Mistake(error("A001", f"unexpected {_shown(here.token)}", _span(here), label))


def _shown(token: Token) -> str:
    if token.type == "$END":
        return "end of the text"
    if token.type == "_END":
        return "end of the statement"
    return f"`{_shortened(token.value)}`"


def _shortened(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return line if line == text and len(line) <= 30 else f"{line[:27]}..."


def _span(here: Situation) -> Span:
    """The token that does not fit; where it is an end, the last thing before it."""
    if here.token.type in ("_END", "$END"):
        return _span_of_end(here)
    return span_of(here.source, here.token)


def _span_of_end(here: Situation) -> Span:
    token = here.previous or here.token
    return span_of(here.source, token)


def _at_statement(here: Situation) -> bool:
    return here.previous is None or here.previous.type in ("_END", "LBRACE")


def _made(kind: str, value: str, before: Token) -> Token:
    """A token that nobody wrote, in no space before another; or in place of it."""
    end = before.end if kind == "COMPARISON" else before.start
    return Token(kind, value, before.start, end)
