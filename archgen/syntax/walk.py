"""Every node of a syntax tree, for those who ask of a text and not of its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from archgen.syntax import tree


def nodes_in(node: object) -> Iterator[tree.Node]:
    """A node and all that is inside it, in the order of the text."""
    left = [node]
    while left:
        here = left.pop()
        if isinstance(here, tuple):
            left += reversed(here)
        elif isinstance(here, tree.Node):
            yield here
            left += [getattr(here, name) for name in _parts(type(here))]


def _parts(kind: type[tree.Node]) -> tuple[str, ...]:
    """The fields that may hold nodes, last first."""
    if kind not in _known_parts:
        names = (each.name for each in fields(kind))
        parts = [name for name in names if name not in {"span", "keyword", "name_span"}]
        _known_parts[kind] = tuple(reversed(parts))
    return _known_parts[kind]


_known_parts: dict[type[tree.Node], tuple[str, ...]] = {}
