"""`name = { ... }` -> a block without a name of its own; and the free names of a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from archgen.network import Definition
from archgen.syntax import tree


def implicit_block(
    link: tree.Group, name: str, parent: Definition, known: Mapping[str, object]
) -> Definition:
    """The block that a named group is: its parameters are the constants around it that it reads.

    `head = { conv(width, 3) -> bn }` is `block head(width) { conv(width, 3) -> bn }`, called with
    the `width` that is `known` around it.
    """
    free = dict(free_names(link.body))
    parameters = tuple(
        tree.Parameter(each, None, span=free[each].span) for each in free if each in known
    )
    return Definition(
        name, "implicit", parameters, link.body, doc_of(link.body), parent.scope, link.span, parent
    )


def doc_of(body: tree.Body) -> str:
    """The documentation that opens a body."""
    first = body.statements[0] if body.statements else None
    return first.text if isinstance(first, tree.Doc) else ""


def free_names(node: object) -> Iterator[tuple[str, tree.Name]]:
    """Every name that stands in a text as an expression or a callee, by its first part.

    Names that the text itself binds are among them: the caller keeps those that are known
    outside. A `let` that hides an outer constant is then a parameter too many, never too few.
    """
    if isinstance(node, tree.Name):
        yield node.parts[0], node
    elif isinstance(node, tuple):
        for item in node:
            yield from free_names(item)
    elif is_dataclass(node):
        for field in fields(node):
            if field.name not in {"span", "keyword", "name_span"}:
                yield from free_names(getattr(node, field.name))
