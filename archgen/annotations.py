"""Diagnostics as GitHub's workflow commands, which show them at the lines of a pull request.

`::error file=F,line=L,col=C::TEXT`: one line each, everything from a spec escaped, so that no
text of a stranger is a command. Knows no disk: which files GitHub can show is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from archgen.codes import CODES
from archgen.diagnostics import Diagnostic, Severity
from archgen.snippet import printable
from archgen.text import Span

_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


# Where a file is in the checkout, from its path as it is shown; None if it is not there.
Locate = Callable[[str], str | None]


def render_annotations(
    diagnostics: Sequence[Diagnostic], locate: Locate = lambda path: path
) -> str:
    """One command a line; no newline at the end.

    What is about no file of the checkout (an old version, a shipped block) is shown at the first
    place mentioned that is in one, and where there is none, without a file.
    """
    return "\n".join(_command(item, locate) for item in diagnostics)


def _command(item: Diagnostic, locate: Locate) -> str:
    spans = (*(label.span for label in item.labels), *(frame.span for frame in item.trail))
    files = ((span, locate(span.source.path)) for span in spans)
    place, file = next(((span, file) for span, file in files if file), (None, None))
    listed = [*(_position(place, file) if place and file else ())]
    listed.append(("title", f"{item.code} {CODES[item.code].title}"))
    properties = ",".join(f"{key}={_property(value)}" for key, value in listed)
    return f"::{_COMMANDS[item.severity]} {properties}::{_data(_text(item, place))}"


def _position(span: Span, file: str) -> Iterator[tuple[str, str]]:
    """Columns are only told within a line: GitHub refuses them over several."""
    yield "file", file
    if span.source.text:
        line, column = span.source.line_column(span.start)
        end_line, end_column = span.source.line_column(max(span.start, span.end))
        yield "line", str(line)
        yield "endLine", str(end_line)
        if line == end_line:
            yield "col", str(column)
            yield "endColumn", str(end_column)


def _text(item: Diagnostic, place: Span | None) -> str:
    labels = [
        f"{_place(label.span)}: {label.text}"
        for label in item.labels
        if label.text and label.span.source.text
    ]
    elsewhere = [f"at: {_place(item.span)}"] if place != item.span else []
    calls = [f"in: {frame.text}" for frame in item.trail]
    remarks = [*item.notes, *([f"help: {item.help}"] if item.help else [])]
    lines = "\n".join((item.message, *elsewhere, *labels, *calls, *remarks)).split("\n")
    return "\n".join(map(printable, lines))


def _place(span: Span) -> str:
    return f"{span.source.path}:{span.line}" if span.source.text else span.source.path


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    shown = _data(printable(text))
    return shown.replace(":", "%3A").replace(",", "%2C")
