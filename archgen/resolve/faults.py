"""Faults of a body that several steps report, and what to write instead."""

from __future__ import annotations

import re

from archgen.diagnostics import Diagnostic, Edit, error
from archgen.network import Definition
from archgen.syntax import tree
from archgen.text import Span


def no_input(definition: Definition, code: str, message: str, span: Span) -> Diagnostic:
    """An arch that does not declare what it takes."""
    help = "begin with `input(3, 224, 224)`: channels first, without the batch"
    statements = definition.body.statements
    first = next((each for each in statements if not isinstance(each, tree.Doc)), None)
    fix = [Edit.before(first.span, "input(3, 224, 224)\n")] if first else []
    return error(code, message, span, help=help, fix=fix)


def several_in_item(place: tree.Place) -> Diagnostic:
    """`units[0] = two`, where `two` has several outputs."""
    message = "an item of a list is one value"
    if not isinstance(place.name, str):
        return error("A115", message, place.span, help="these are several: name each call")
    indices = "".join(f"{{{index.span.text}}}" for index in place.indices)
    text = f'"{place.name}{indices}"'
    help = f"these are several: write `{text} = ...`, a name of its own for each"
    return error("A115", message, place.span, help=help, fix=[Edit(place.span, text)])


def list_of_values(expr: tree.Comprehension) -> str:
    """How to say a list of values that a comprehension cannot."""
    value = expr.element
    place = value.place if isinstance(value, tree.Value) else None
    base = place.base if isinstance(place, tree.Index) else None
    name = base.text if isinstance(base, tree.Name) else "xs"
    return f"`(from {name})[:n]` is a list of values, `[x for x in from {name}]` goes over them"


def meant(hint: str, value: tree.Name) -> list[Edit]:
    """The edit for a hint that asks `did you mean ...?` of a name."""
    close = re.fullmatch(r"did you mean `(\w+)`\?", hint)
    if close is None:
        return []
    start = value.span.start
    return [Edit(value.span.source.span(start, start + len(value.parts[0])), close[1])]
