"""Diagnostics as SARIF 2.1.0 (OASIS), which code hosts show beside the lines of a change.

Paths are relative to the current folder, which is the root of the repository where it is read.
Columns are code points from 1. A fingerprint is made of a finding's code, file and text, never of
its line, so that a host knows it again when lines are inserted above it; equal findings of one
file are told apart by their order.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from archgen.as_json import to_json
from archgen.codes import CODES
from archgen.diagnostics import Diagnostic, Edit, Frame, Label, Severity
from archgen.text import Span

Json = dict[str, Any]
SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT: Final = "%SRCROOT%"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render_sarif(diagnostics: Sequence[Diagnostic], version: str) -> str:
    """One run of archgen's `version` with every finding, as JSON in ASCII."""
    return to_json(sarif(diagnostics, version))


def sarif(diagnostics: Sequence[Diagnostic], version: str) -> Json:
    """The same as plain dictionaries and lists."""
    codes = sorted({item.code for item in diagnostics})
    driver = {"name": "archgen", "version": version, "rules": [_rule(code) for code in codes]}
    prints = _fingerprints(diagnostics)
    results = [
        _result(item, codes.index(item.code), mark)
        for item, mark in zip(diagnostics, prints, strict=True)
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> Json:
    entry = CODES[code]
    text = " ".join(entry.explanation.split())
    examples = "".join(f"\n\n{head}:\n\n```\n{example}```" for head, example in entry.examples)
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": text},
        "help": {"text": text + examples, "markdown": text + examples},
        "defaultConfiguration": {"level": "warning" if entry.is_warning else "error"},
    }


def _result(item: Diagnostic, rule: int, fingerprint: str) -> Json:
    result: Json = {
        "ruleId": item.code,
        "ruleIndex": rule,
        "level": _LEVELS[item.severity],
        "message": {"text": _message(item)},
        "locations": [{"physicalLocation": _place(item.span)}],
        "partialFingerprints": {"archgen/v1": fingerprint},
    }
    related: list[Label | Frame] = [*item.labels[1:], *item.trail]
    if related:
        result["relatedLocations"] = [_related(at, each) for at, each in enumerate(related)]
    if item.edits or item.fix:
        result["fixes"] = [_fix(item)]
    return result


def _message(item: Diagnostic) -> str:
    label = [item.labels[0].text] if item.labels[0].text else []
    parts = [item.message, *label, *item.notes, *([f"help: {item.help}"] if item.help else [])]
    return "\n".join(parts)


def _related(at: int, label: Label | Frame) -> Json:
    text = f"in: {label.text}" if isinstance(label, Frame) else label.text
    place: Json = {"id": at, "physicalLocation": _place(label.span)}
    return place | {"message": {"text": text}} if text else place


def _fix(item: Diagnostic) -> Json:
    """The edits of a finding (as SARIF has it, proposed), those of one file together."""
    files: dict[str, list[Edit]] = {}
    for edit in item.edits or item.fix:
        files.setdefault(edit.span.source.path, []).append(edit)
    changes = [
        {"artifactLocation": _file(edits[0].span), "replacements": [*map(_replacement, edits)]}
        for edits in files.values()
    ]
    return {"description": {"text": item.help or item.message}, "artifactChanges": changes}


def _replacement(edit: Edit) -> Json:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.replacement}}


def _place(span: Span) -> Json:
    place: Json = {"artifactLocation": _file(span)}
    return place | {"region": _region(span)} if span.source.text else place


def _region(span: Span) -> Json:
    line, column = span.source.line_column(span.start)
    end_line, end_column = span.source.line_column(max(span.start, span.end))
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _file(span: Span) -> Json:
    path = Path(span.source.path)
    if path.is_absolute():
        below = os.path.relpath(path)
        if below.startswith(".."):
            return {"uri": path.as_uri()}
        path = Path(below)
    return {"uri": quote(path.as_posix(), errors="surrogateescape"), "uriBaseId": ROOT}


def _fingerprints(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """One for each finding, the same wherever it moves in its file."""
    met: Counter[tuple[str, ...]] = Counter()
    marks = []
    for item in diagnostics:
        span = item.span
        line = span.source.line_text(span.line) if span.source.text else ""
        words = (item.code, _file(span)["uri"], *line.split(), "\0", *span.text.split())
        marks.append(sha256("\n".join((*words, str(met[words]))).encode()).hexdigest())
        met[words] += 1
    return marks
