"""Faults of a body that several steps report, and what to write instead."""

from __future__ import annotations

import re

from archgen.diagnostics import Diagnostic, Edit, error
from archgen.network import Definition
from archgen.syntax import tree
from archgen.syntax.walk import nodes_in
from archgen.text import Span


def no_input(definition: Definition, code: str, message: str, span: Span) -> Diagnostic:
    """An arch that does not declare what it takes."""
    help = "begin with `input(3, 224, 224)`: channels first, without the batch"
    statements = definition.body.statements
    first = next((each for each in statements if not isinstance(each, tree.Doc)), None)
    fix = [Edit.before(first.span, "input(3, 224, 224)\n")] if first else []
    return error(code, message, span, help=help, fix=fix)


def not_yet(name: str, definition: Definition) -> str:
    """What to do about a name that no statement has given to a value so far."""
    places = (node for node in nodes_in(definition.body) if isinstance(node, tree.Place))
    if not any(place.name == name for place in places):
        return "a value is known after the statement that names it"
    return (
        "nothing has named it when this statement runs: read it in an `if`, or behind a condition, "
        "that only holds where something has"
    )


def meant(hint: str, value: tree.Name) -> list[Edit]:
    """The edit for a hint that asks `did you mean ...?` of a name."""
    close = re.fullmatch(r"did you mean `(\w+)`\?", hint)
    if close is None:
        return []
    start = value.span.start
    return [Edit(value.span.source.span(start, start + len(value.parts[0])), close[1])]
