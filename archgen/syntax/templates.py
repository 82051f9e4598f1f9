"""Strings that hold expressions: `"layer{i + 1}"`. `{{` and `}}` stand for braces."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archgen.diagnostics import Diagnostic, Sink, error
from archgen.syntax.tree import Expr
from archgen.text import Span

Interpolate = Callable[[Span], Expr | None]
"""Parses the expression at a place; None if it was reported to be none."""


def read_template(content: Span, interpolate: Interpolate, sink: Sink) -> tuple[str | Expr, ...]:
    """Give text and expressions in turn; neither empty text nor two texts side by side."""
    parts: list[str | Expr] = []
    for part in _parts(content, interpolate, sink):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        elif part != "":
            parts.append(part)
    return tuple(parts)


def _parts(content: Span, interpolate: Interpolate, sink: Sink) -> Iterator[str | Expr]:
    source, at = content.source, content.start
    text = source.text
    while at < content.end:
        char = text[at]
        if char not in "{}":
            stop = min(_find(text, "{", at, content.end), _find(text, "}", at, content.end))
            yield text[at:stop]
            at = stop
        elif text[at : min(at + 2, content.end)] == 2 * char:
            yield char
            at += 2
        elif char == "}":
            sink.add(
                error(
                    "A014",
                    "`}` in a string closes nothing",
                    source.span(at, at + 1),
                    help="write `}}` for a brace",
                )
            )
            return
        else:
            stop = _find(text, "}", at, content.end)
            if stop == content.end:
                sink.add(_not_closed(source.span(at, at + 1)))
                return
            expr = interpolate(source.span(at + 1, stop))
            if expr is None:
                return
            yield expr
            at = stop + 1


def _not_closed(span: Span) -> Diagnostic:
    return error("A014", "`{` in a string is not closed", span, help="write `{{` for a brace")


def _find(text: str, char: str, start: int, end: int) -> int:
    at = text.find(char, start, end)
    return end if at < 0 else at
