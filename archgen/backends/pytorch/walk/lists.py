"""Lists of submodules (`ups[i] = ...`): where they can be filled by the text of a class.

A list is written at one place, or appended to by one loop that fills all of it in order. Calls
that fill a list otherwise do not share a class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from archgen.backends.pytorch.walk.lanes import Lane, Unrollable
from archgen.network import CallNode, LayerNode
from archgen.syntax import tree


def fills_list(node: object) -> bool:
    """Whether a text fills a list."""
    return any(True for _ in _places(node))


def check_appends(lanes: Sequence[Lane], loop: tree.For) -> None:
    """Raise `Unrollable` if appending, pass after pass, would not number a list as it is."""
    for place in _places(loop.body):
        if len(place.indices) > 1 or not isinstance(place.name, str):
            raise Unrollable
        for lane in lanes:
            _check_list(lane, place.name, loop)


def _check_list(lane: Lane, name: str, loop: tree.For) -> None:
    found = [node for node in lane.body.nodes if isinstance(node, LayerNode | CallNode)]
    items = [node for node in found if node.name.startswith(f"{name}.") and not node.reused]
    if [node.name for node in items] != [f"{name}.{at}" for at in range(len(items))]:
        raise Unrollable
    inside = range(loop.body.span.start, loop.body.span.end)
    if any(node.span.start not in inside for node in items):
        raise Unrollable


def _places(node: object) -> Iterator[tree.Place]:
    """The indexed names that a text gives."""
    if isinstance(node, tree.Place) and node.indices:
        yield node
    elif isinstance(node, tuple):
        for item in node:
            yield from _places(item)
    elif isinstance(node, tree.Node):
        for part in fields(node):
            yield from _places(getattr(node, part.name))
