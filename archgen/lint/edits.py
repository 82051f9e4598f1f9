"""Edits of a text: what a warning would take away, and how several are applied at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archgen.diagnostics import Edit
from archgen.text import Span


def removal(span: Span) -> Edit:
    """Take a part away with the blanks before it, and its lines if nothing else stands there."""
    text = span.source.text
    start, end = span.start, span.end
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    behind = end
    while behind < len(text) and text[behind] in " \t\r":
        behind += 1
    alone = (start == 0 or text[start - 1] == "\n") and text[behind : behind + 1] in ("", "\n")
    return Edit(Span(span.source, start, min(behind + 1, len(text)) if alone else end), "")


def apply(text: str, groups: Iterable[Sequence[Edit]]) -> tuple[str, int]:
    """The text after as many groups of its edits as do not touch one another; how many those were.

    A group is applied whole or not at all; earlier ones go first.
    """
    taken: list[Edit] = []
    count = 0
    for group in groups:
        if not any(_touch(edit, other) for edit in group for other in taken):
            taken += group
            count += 1
    for edit in sorted(taken, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text, count


def _touch(one: Edit, other: Edit) -> bool:
    return one.span.start <= other.span.end and other.span.start <= one.span.end
