"""Text that is no token, or one of another language: what to say, and what to read instead.

Works before the parser: it sees characters and neighbours, not the grammar.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice, zip_longest

from archgen.diagnostics import Diagnostic, Edit, Fault, Sink, error
from archgen.frozen import dataclass
from archgen.syntax.limits import MAX_ERRORS
from archgen.syntax.tokens import Token, span_of
from archgen.syntax.words import RESERVED
from archgen.text import HIDDEN, Source, Span


@dataclass(frozen=True, slots=True)
class _Misspelling:
    """Characters that begin no token. `kind` is read instead; ERROR gives up the statement."""

    pattern: str
    code: str
    message: str
    help: str | None = None
    kind: str | None = "ERROR"
    value: str = ""
    point_at: int | None = None  # how many characters to underline, if not all

    @property
    def written(self) -> str | None:
        """What the help says to write, letter by letter."""
        found = re.fullmatch("write `([^.`]+)`", self.help or "")
        return f"{found[1]} " if found and self.kind == "NOT" else found and found[1]


_TABLE = (
    _Misspelling(
        r'"""[\s\S]*',
        "A005",
        "the string is never closed",
        'it ends with `"""`',
        point_at=3,
    ),
    _Misspelling(
        r'"[^\n]*',
        "A005",
        "the string is not closed on its line",
        'text over several lines stands in `"""`',
    ),
    _Misspelling(
        r"'[^'\n]*'",
        "A011",
        "a string stands in double quotes",
        'write `"..."`',
        kind="STRING",
    ),
    _Misspelling(
        r"[“”„«][^\n“”»\"]*[“”»\"]",
        "A011",
        "a string stands in plain double quotes",
        'write `"..."`',
        kind="STRING",
    ),
    _Misspelling("&&", "A011", "`&&` is not a word here", "write `and`", "AND"),
    _Misspelling(r"\|\|", "A011", "`||` is not a word here", "write `or`", "OR"),
    _Misspelling("!", "A011", "`!` is not a word here", "write `not`", "NOT"),
    _Misspelling("[→⟶]", "A004", "this arrow means nothing here", "write `->`", "ARROW", "->"),
    _Misspelling("[−–—]", "A004", "this dash means nothing here", "write `-`", "MINUS", "-"),
    _Misspelling("×", "A004", "`×` means nothing here", "write `*`", "TIMES", "*"),
    _Misspelling("≤", "A004", "`≤` means nothing here", "write `<=`", "COMPARISON", "<="),
    _Misspelling("≥", "A004", "`≥` means nothing here", "write `>=`", "COMPARISON", ">="),
    _Misspelling("≠", "A004", "`≠` means nothing here", "write `!=`", "COMPARISON", "!="),
    _Misspelling(
        r"\\(?=\r?\n)",
        "A011",
        "a line is not continued with a backslash",
        "inside brackets and around `->` a line may end anywhere",
        kind=None,
    ),
    _Misspelling(r"\r", "A004", "a carriage return without a line feed", kind=None),
    _Misspelling(
        r"[^\S\n]+",
        "A004",
        "white space of another kind",
        "write plain spaces",
        kind=None,
    ),
    _Misspelling(
        r"[^\W\d]\w*",
        "A004",
        "a name is made of the letters a to z, digits and `_`",
    ),
)

_NUMBER_LIKE = re.compile(r"[0-9](?:[eE][+-](?=\d)|[\w.])*")
_PYTHON_CONSTANTS = {"True": "TRUE", "False": "FALSE", "None": "NONE"}


def check_characters(source: Source, sink: Sink) -> None:
    """Report characters that no reader sees: what is reviewed has to be what is read.

    Raises `Fault` for what is no text at all.
    """
    at = source.text.find("\0")
    if at >= 0:
        raise Fault(error("A004", "this is not a text: it holds a NUL", source.span(at, at + 1)))
    for match in islice(HIDDEN.finditer(source.text), MAX_ERRORS):
        sink.add(_hidden(source.span(match.start(), match.end())))


def mend(source: Source, at: int, end: int) -> tuple[Diagnostic, Token | None, int]:
    """Say what is wrong with the characters at a place.

    Gives the report, the token to read instead (if any), and where to go on.
    """
    if hidden := HIDDEN.match(source.text, at, end):
        return _hidden(source.span(at, hidden.end())), None, hidden.end()
    if number := _NUMBER_LIKE.match(source.text, at, end):
        span = source.span(at, number.end())
        return _bad_number(span), _token("NUMBER", "1", span), span.end
    for row in _TABLE:
        if match := re.compile(row.pattern).match(source.text, at, end):
            return _apply(row, source.span(at, match.end()))
    span = source.span(at, at + 1)
    return _meaningless(span), _token("ERROR", "", span), span.end


def respell(source: Source, tokens: list[Token], sink: Sink) -> Iterator[Token]:
    """Replace words of other languages, and reserved words before `=`, by what was meant."""
    merged = False
    for token, following in zip_longest(tokens, tokens[1:]):
        span = span_of(source, token)
        if merged:
            merged = False
        elif token.value in _PYTHON_CONSTANTS and token.type == "NAME":
            word = token.value.lower()
            report = f"`{token}` is not a word here"
            fix = [Edit(span, word)]
            sink.add(error("A011", report, span, help=f"write `{word}`", fix=fix))
            yield _token(_PYTHON_CONSTANTS[token.value], word, span)
        elif following is None:
            yield token
        elif token.type == "ELSE" and following.type == "IF":
            both = span_of(source, token, following)
            message = "`else if` is not a word here"
            fix = [Edit(both, "elif")]
            sink.add(error("A011", message, both, help="write `elif`", fix=fix))
            yield _token("ELIF", "elif", both)
            merged = True
        elif token.value in RESERVED and following.type == "EQUAL" and token.type != "INIT":
            sink.add(reserved(span))
            yield _token("NAME", token.value, span)
        else:
            yield token


def reserved(span: Span) -> Diagnostic:
    """Say that a word cannot be a name."""
    return error(
        "A008",
        f"`{span.text}` is a reserved word and cannot be a name",
        span,
        help=f'choose another name; a submodule may be called `"{span.text}"`, in quotes',
        fix=[Edit(span, f'"{span.text}"')],
    )


def _apply(row: _Misspelling, span: Span) -> tuple[Diagnostic, Token | None, int]:
    shown = span.source.span(span.start, span.start + row.point_at) if row.point_at else span
    if row.kind is None:
        fix = [Edit(span, " ")] if row.help == "write plain spaces" else []
        return error(row.code, row.message, shown, help=row.help, fix=fix), None, span.end
    value = f'"{span.text[1:-1]}"' if row.kind == "STRING" else row.value or span.text
    fix = [Edit(span, row.written or value)] if row.kind != "ERROR" else []
    report = error(row.code, row.message, shown, help=row.help, fix=fix)
    return report, _token(row.kind, value, span), span.end


def _bad_number(span: Span) -> Diagnostic:
    text = span.text
    if text[-1] in "kmg" and text[:-1].replace(".", "").isdigit():
        return _other_number(span, text.upper())
    if text.endswith("."):
        return _other_number(span, f"{text}0")
    if re.fullmatch("0[0-9]+", text):
        fix = [Edit(span, text.lstrip("0") or "0")]
        message = f"`{text}` begins with a zero"
        return error("A006", message, span, help="leave out the zero", fix=fix)
    if re.fullmatch(r"[0-9]+[A-Za-z_]\w*", text, re.ASCII):
        return error(
            "A006",
            f"`{text}` is neither a number nor a name",
            span,
            help="a name begins with a letter or `_`",
        )
    return error("A006", f"`{text}` is not a number", span)


def _other_number(span: Span, right: str) -> Diagnostic:
    message = f"`{span.text}` is not a number"
    return error("A006", message, span, help=f"write `{right}`", fix=[Edit(span, right)])


def _hidden(span: Span) -> Diagnostic:
    first = _describe(span.text[0])
    count = len(span.text)
    found = f"{count} hidden characters, the first one" if count > 1 else "a hidden character:"
    return error(
        "A004",
        f"{found} {first}",
        span,
        help="delete it; a text holds only what its readers see",
        fix=[Edit(span, "")],
    )


def _meaningless(span: Span) -> Diagnostic:
    char = span.text
    shown = f"`{char}`" if char.isascii() else f"`{char}` ({_describe(char)})"
    return error("A004", f"{shown} means nothing here", span)


def _describe(char: str) -> str:
    name = unicodedata.name(char, "control character").lower()
    return f"U+{ord(char):04X}, {name}"


def _token(kind: str, value: str, span: Span) -> Token:
    return Token(kind, value, span.start, span.end)
