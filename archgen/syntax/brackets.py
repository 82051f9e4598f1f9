"""What is wrong with brackets, which are paired before the parser runs."""

from __future__ import annotations

import re

from archgen.diagnostics import Diagnostic, Edit, Label, error
from archgen.text import Span


def closes_nothing(span: Span) -> Diagnostic:
    help, fix = "remove it", [Edit(span, "")]
    return error("A003", f"`{span.text}` closes nothing", span, help=help, fix=fix)


def closes_another(span: Span, opener: Span) -> Diagnostic:
    closer = {"(": ")", "[": "]", "{": "}"}[opener.text]
    message, also = f"`{opener.text}` is closed by `{span.text}`", [Label(opener, "opened here")]
    fix = [Edit(span, closer)]
    return error("A003", message, span, also=also, help=f"write `{closer}`", fix=fix)


def not_closed(span: Span, end: int | None = None) -> Diagnostic:
    """`end`: where it should have been closed at the latest."""
    closer = {"(": ")", "[": "]", "{": "}"}[span.text]
    message, help = f"`{span.text}` is never closed", f"`{closer}` is missing"
    if end is None:
        return error("A002", message, span, help=help)
    if closer == "}":
        at, indent = _end_of_body(span, end)
        fix = [Edit(span.source.span(at, at), f"{indent}}}\n")]
    else:
        at = _end_of_list(span, end)
        fix = [Edit(span.source.span(at, at), closer)]
    line = span.source.line_column(at)[0]
    if line != span.line:
        help = f"`{closer}` is missing before line {line}"
    return error("A002", message, span, help=help, fix=fix)


def _end_of_body(span: Span, end: int) -> tuple[int, str]:
    """The first line that is indented as the one that opens it, or less; and that indentation."""
    source = span.source
    head = source.line_text(span.line)
    indent = head[: len(head) - len(head.lstrip())]
    for line in range(span.line + 1, len(source.line_starts) + 1):
        start, text = source.line_starts[line - 1], source.line_text(line)
        if start >= end:
            break
        if text.strip() and len(text) - len(text.lstrip()) <= len(indent):
            return start, indent
    return end, indent


def _end_of_list(span: Span, end: int) -> int:
    """Before the arrow, brace or end of line behind it."""
    text = span.source.text[span.end : end]
    found = re.search(r"\s*(->|\{|\n|;|$)", text)
    return span.end + found.start() if found else end


def brace_in_brackets(span: Span) -> Diagnostic:
    help = "a list stands in `[ ]`; a body cannot be an argument: give it a name, as a block"
    return error("A001", "`{` inside other brackets", span, help=help)


def semicolon_in_brackets(span: Span) -> Diagnostic:
    fix = [Edit(span, ",")]
    return error(
        "A009", "`;` ends a statement, here inside brackets", span, help="write `,`", fix=fix
    )
