"""Diagnostics as GitHub's workflow commands, which show them at the lines of a pull request.

`::error file=F,line=L,col=C::TEXT`: one line each, everything from a spec escaped, so that no
text of a stranger is a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from archgen.codes import CODES
from archgen.diagnostics import Diagnostic, Severity
from archgen.snippet import printable

_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


def render_annotations(diagnostics: Sequence[Diagnostic]) -> str:
    """One command a line; no newline at the end."""
    return "\n".join(map(_command, diagnostics))


def _command(item: Diagnostic) -> str:
    properties = ",".join(f"{key}={_property(value)}" for key, value in _properties(item))
    return f"::{_COMMANDS[item.severity]} {properties}::{_data(_text(item))}"


def _properties(item: Diagnostic) -> Iterator[tuple[str, str]]:
    """Columns are only told within a line: GitHub refuses them over several."""
    span = item.span
    yield "file", span.source.path
    if span.source.text:
        line, column = span.source.line_column(span.start)
        end_line, end_column = span.source.line_column(max(span.start, span.end))
        yield "line", str(line)
        yield "endLine", str(end_line)
        if line == end_line:
            yield "col", str(column)
            yield "endColumn", str(end_column)
    yield "title", f"{item.code} {CODES[item.code].title}"


def _text(item: Diagnostic) -> str:
    labels = [
        f"{label.span.source.path}:{label.span.line}: {label.text}"
        for label in item.labels
        if label.text and label.span.source.text
    ]
    calls = [f"in: {frame.text}" for frame in item.trail]
    remarks = [*item.notes, *([f"help: {item.help}"] if item.help else [])]
    lines = "\n".join((item.message, *labels, *calls, *remarks)).split("\n")
    return "\n".join(map(printable, lines))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    shown = _data(printable(text))
    return shown.replace(":", "%3A").replace(",", "%2C")
