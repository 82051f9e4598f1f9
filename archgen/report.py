"""Diagnostics as text for people and as JSON for programs.

The text looks as rustc's does; `snippet` draws the source lines in it. Nothing here knows the
meaning of a code, and nothing from a spec reaches the terminal unescaped.

The JSON is one object, its structure stable within a `version`:

    {"version": 1, "errors": 1, "warnings": 0, "diagnostics": [
        {"severity": "error", "code": "A203", "message": "...", "help": null, "notes": [],
         "labels": [PLACE and "text"], "trail": [PLACE and "text"],
         "edits": [PLACE and "replacement"], "fix": [PLACE and "replacement"]}]}

where PLACE is "path", "line", "column", "end_line", "end_column": lines and columns count from
1 in code points, the end lies behind the last one. The first label is the place of the fault;
the trail begins with the innermost call. The edits together fix it and change nothing else (as
`archgen lint --fix` applies them); "fix" is what the help spells out, for an editor to offer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from archgen.as_json import to_json
from archgen.snippet import Mark, Row, draw, last_line, printable
from archgen.text import Source, Span

__all__ = ["counts", "plural", "printable", "render_json", "render_text"]

LONGEST_TEXT = 1000  # code points of a message, note or help
LONGEST_TRAIL = 8  # calls that are shown, the outermost last


class Place(Protocol):
    """A part of a source."""

    @property
    def span(self) -> Span: ...


class Remark(Place, Protocol):
    """A place and what is said there: a label, or a call on the way to it."""

    @property
    def text(self) -> str: ...


class Edit(Place, Protocol):
    @property
    def replacement(self) -> str: ...


class Finding(Protocol):
    """What is reported: a `Diagnostic`, which prints itself by this module."""

    @property
    def severity(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def labels(self) -> Sequence[Remark]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def help(self) -> str | None: ...
    @property
    def trail(self) -> Sequence[Remark]: ...
    @property
    def edits(self) -> Sequence[Edit]: ...
    @property
    def fix(self) -> Sequence[Edit]: ...


Paint = Callable[[str, str], str]
_SGR = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "gutter": "1;34",
    "secondary": "1;34",
    "help": "1;32",
    "strong": "1",
}


def render_text(diagnostics: Sequence[Finding], color: bool = False) -> str:
    """Render diagnostics for a terminal, an empty line between two; no newline at the end."""
    paint = _paint if color else _plain
    return "\n\n".join("\n".join(_rows(item, paint)) for item in diagnostics)


def render_json(diagnostics: Sequence[Finding]) -> str:
    """Render diagnostics as one JSON object in ASCII (the module describes it)."""
    errors, warnings = counts(diagnostics)
    items = [_as_json(item) for item in diagnostics]
    report = {"version": 1, "errors": errors, "warnings": warnings, "diagnostics": items}
    return to_json(report)


def counts(diagnostics: Sequence[Finding]) -> tuple[int, int]:
    """How many are errors, and how many warnings."""
    severities = [item.severity for item in diagnostics]
    return severities.count("error"), severities.count("warning")


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


# --- text ---------------------------------------------------------------------------------


def _plain(text: str, style: str) -> str:
    return text


def _paint(text: str, style: str) -> str:
    return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if style in _SGR else text


def _rows(item: Finding, paint: Paint) -> Iterator[str]:
    severity = str(item.severity)
    yield paint(f"{severity}[{item.code}]", severity) + paint(f": {_line(item.message)}", "strong")
    files = _by_source(item)
    gutter = max((len(str(last_line(marks))) for _, marks in files), default=1)
    for index, (source, marks) in enumerate(files):
        arrow = "-->" if index == 0 else ":::"
        yield paint(f"{'':{gutter}}{arrow} ", "gutter") + _place(marks[0].span)
        if source.text:
            yield paint(f"{'':{gutter}} |", "gutter")
            yield from (_row(row, severity, paint) for row in draw(source, marks, gutter))
    remarks = [*_trail(item.trail), *(("note", note) for note in item.notes)]
    remarks += [("help", item.help)] if item.help else []
    if remarks and files and files[-1][0].text:
        yield paint(f"{'':{gutter}} |", "gutter")
    for kind, text in remarks:
        yield from _remark(kind, text, gutter, paint)


def _by_source(item: Finding) -> list[tuple[Source, list[Mark]]]:
    """The labels of each source, that of the fault first."""
    files: dict[int, tuple[Source, list[Mark]]] = {}
    for index, label in enumerate(item.labels):
        source = label.span.source
        mark = Mark(label.span, _clip(label.text), index == 0)
        files.setdefault(id(source), (source, []))[1].append(mark)
    return list(files.values())


def _row(row: Row, severity: str, paint: Paint) -> str:
    painted = (paint(text, severity if style == "primary" else style) for text, style in row)
    return "".join(painted).rstrip()


def _trail(trail: Sequence[Remark]) -> Iterator[tuple[str, str]]:
    left_out = len(trail) - LONGEST_TRAIL
    head = LONGEST_TRAIL // 2 if left_out > 1 else len(trail)
    for frame in trail[:head]:
        yield _frame(frame)
    if left_out > 1:
        yield "in", f"... {left_out} more calls ..."
        yield from map(_frame, trail[head + left_out :])


def _frame(frame: Remark) -> tuple[str, str]:
    return "in", f"{frame.text} ({_place(frame.span)})"


def _remark(kind: str, text: str, gutter: int, paint: Paint) -> Iterator[str]:
    """`= help: ...`, its further lines below the first one's text."""
    first, *rest = _clip(text).split("\n")
    sign = f"{'':{gutter}} = "
    label = paint(f"{kind}:", "help" if kind == "help" else "strong")
    yield f"{paint(sign, 'gutter')}{label} {printable(first)}"
    for line in rest:
        yield " " * (len(sign) + len(kind) + 2) + printable(line)


def _place(span: Span) -> str:
    """`specs/mynet.arch:14:3`; the path alone where there is no text to point at."""
    path = printable(span.source.path)
    if not span.source.text:
        return path
    line, column = span.source.line_column(span.start)
    return f"{path}:{line}:{column}"


def _line(text: str) -> str:
    return printable(_clip(text))


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "..."


# --- JSON ---------------------------------------------------------------------------------


def _as_json(item: Finding) -> dict[str, object]:
    return {
        "severity": str(item.severity),
        "code": item.code,
        "message": item.message,
        "labels": [_place_json(label) for label in item.labels],
        "trail": [_place_json(frame) for frame in item.trail],
        "notes": list(item.notes),
        "help": item.help,
        "edits": [_edit_json(edit) for edit in item.edits],
        "fix": [_edit_json(edit) for edit in item.fix],
    }


def _edit_json(edit: Edit) -> dict[str, object]:
    return {**_span_json(edit.span), "replacement": edit.replacement}


def _place_json(item: Remark) -> dict[str, object]:
    return {**_span_json(item.span), "text": item.text}


def _span_json(span: Span) -> dict[str, object]:
    line, column = span.source.line_column(span.start)
    end_line, end_column = span.source.line_column(max(span.start, span.end))
    return {
        "path": span.source.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }
