"""Comments of other languages: `// ...` and `/* ... */`, told from a division.

Works on tokens before the parser, so that the words of a comment are not read as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archgen.diagnostics import Diagnostic, Edit, error
from archgen.syntax.tokens import Token, kinds
from archgen.syntax.words import NAMES, RESERVED
from archgen.text import Source, Span

_ENDS_OPERAND = NAMES | kinds("NUMBER STRING INPUT OUTPUT TRUE FALSE NONE AUTO RPAR RSQB")
_HOLDS_EXPRESSION = kinds("LET IF ELIF FOR EXPECT")  # what may divide outside of parentheses
_TWO_WORDS = re.compile(r"\s*([^\W\d][\w']*)\s+([^\W\d][\w']*)")
_LOOK_BACK = 200  # tokens


def end_of_remark(source: Source, before: Sequence[Token], token: Token, end: int) -> int | None:
    """Where the comment ends that a token begins; None if it begins none."""
    if token.type == "DIVIDE" and source.text.startswith("/*", token.start):
        close = source.text.find("*/", token.start, end)
        return end if close < 0 else close + 2
    if token.type == "FLOOR_DIVIDE" and _is_remark(source, before, token, end):
        return _end_of_line(source, token.start, end)
    return None


def remarks(source: Source, places: Sequence[Span]) -> Diagnostic:
    """Report all such comments of a text at once."""
    first = places[0]
    sign = source.span(first.start, first.start + 2)
    more = len(places) - 1
    label = f"and {more} more below" if more else ""
    fix = [edit for place in places for edit in _as_ours(place)]
    help = "write `#`; a comment ends with its line"
    return error("A011", f"`{sign.text}` begins no comment", sign, label, help=help, fix=fix)


def _as_ours(place: Span) -> Iterator[Edit]:
    source = place.source
    rest = source.text[place.end : _end_of_line(source, place.end, len(source.text))]
    lines = place.text[2:].removesuffix("*/").split("\n")
    text = "\n".join(f"#{line.rstrip()}" for line in lines)
    yield Edit(place, f"{text}\n" if rest.strip() else text)


def _is_remark(source: Source, before: Sequence[Token], token: Token, end: int) -> bool:
    if not before or before[-1].type not in _ENDS_OPERAND:
        return True
    rest = source.text[token.end : _end_of_line(source, token.start, end)]
    if words := _TWO_WORDS.match(rest):
        return RESERVED.isdisjoint(words.groups())
    first, depth = _statement(before)
    holds = first.type in _HOLDS_EXPRESSION or _holds_expressions(before)
    return depth <= 0 and not holds


def _statement(before: Sequence[Token]) -> tuple[Token, int]:
    """The first token of the line so far, and whether a parenthesis is open."""
    first, depth, done = Token("LET", "", 0, 0), 0, False
    for token in before[: -_LOOK_BACK - 1 : -1]:
        depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
        if token.type in ("LBRACE", "RBRACE") or depth > 0:
            break
        done = done or token.type == "_END"
        first = first if done else token
    return first, depth


def _holds_expressions(before: Sequence[Token]) -> bool:
    """Whether the innermost braces are those of `sizes h, w {` or of an `extern`."""
    depth = 0
    for token in before[: -_LOOK_BACK - 1 : -1]:
        depth += (token.type == "LBRACE") - (token.type == "RBRACE")
        if depth > 0 and (token.type == "EXTERN" or token.value == "sizes"):
            return True
        if depth > 1 or (depth > 0 and token.type == "_END"):
            return False
    return False


def _end_of_line(source: Source, at: int, end: int) -> int:
    found = source.text.find("\n", at, end)
    return end if found < 0 else found
