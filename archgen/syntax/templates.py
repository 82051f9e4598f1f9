"""Strings that hold expressions: `"layer{i + 1}"`. `{{` and `}}` stand for braces.

The ends of the file's lines are no part of a meaning: in a string, each is one line feed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from archgen.diagnostics import Diagnostic, Sink, error
from archgen.syntax.tree import Expr
from archgen.text import Span

Interpolate = Callable[[Span], Expr | None]
"""Parses the expression at a place; None if it was reported to be none."""

PART = re.compile(r"(?P<text>[^{}]+)|(?P<brace>\{\{|\}\})|\{(?P<hole>[^{}]*)\}|(?P<stray>.)")


def read_template(content: Span, interpolate: Interpolate, sink: Sink) -> tuple[str | Expr, ...]:
    """Give text and expressions in turn; neither empty text nor two texts side by side."""
    texts: list[str] = []
    parts: list[str | Expr] = []
    for part in _parts(content, interpolate, sink):
        if isinstance(part, str):
            texts.append(part)
            continue
        if texts:
            parts.append("".join(texts))
            texts.clear()
        parts.append(part)
    return (*parts, "".join(texts)) if texts else tuple(parts)


def _parts(content: Span, interpolate: Interpolate, sink: Sink) -> Iterator[str | Expr]:
    source = content.source
    for match in PART.finditer(source.text, content.start, content.end):
        if match["stray"]:
            sink.add(_stray(source.span(match.start(), match.end())))
            return
        if match["hole"] is None:
            yield (match["text"] or match["brace"][0]).replace("\r\n", "\n")
            continue
        expr = interpolate(source.span(*match.span("hole")))
        if expr is None:
            return
        yield expr


def _stray(span: Span) -> Diagnostic:
    fault = "is not closed" if span.text == "{" else "closes nothing"
    help = f"write `{2 * span.text}` for a brace itself"
    return error("A014", f"`{span.text}` in a string {fault}", span, help=help)
