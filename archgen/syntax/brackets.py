"""What is wrong with brackets, which are paired before the parser runs."""

from __future__ import annotations

from archgen.diagnostics import Diagnostic, Label, error
from archgen.text import Span


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
