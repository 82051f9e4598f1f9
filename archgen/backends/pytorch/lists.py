"""Lists of submodules (`ups[i] = ...`): where they can be filled by the text of a class.

A list is written at one place, or appended to by one loop that fills all of it in order. Calls
that fill a list otherwise do not share a class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from archgen.backends.pytorch.lanes import Lane, Unrollable
from archgen.backends.pytorch.plan import Apply, Item, Let, Merge, children
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


def locals_first(items: Sequence[Item]) -> list[Item]:
    """The items with the locals of a list's children before the first, where all are written."""
    apart = appended(items)
    lists = {name: at for name, at in _items_of_lists(items).items() if name not in apart}
    spans = [(places[0], places[-1]) for places in lists.values()]
    place = {
        at: min((first for first, last in spans if first < at < last), default=at)
        for at, item in enumerate(items)
        if isinstance(item, Let)
    }
    order = sorted(range(len(items)), key=lambda at: (place.get(at, at), at not in place, at))
    return [items[at] for at in order]


def appended(items: Sequence[Item]) -> set[str]:
    """The lists that are filled child by child, since more than locals stands between them."""
    straight = {
        name: len(places)
        for name, places in _items_of_lists(items).items()
        if all(map(_is_plain, items[places[0] : places[-1]]))
    }
    numbers: dict[str, list[str]] = {}
    for child in children(items):
        if isinstance(child.name, tree.String) and "." in child.name.value:
            name, _, number = child.name.value.partition(".")
            numbers.setdefault(name, []).append(number)
    return {
        name
        for name, found in numbers.items()
        if straight.get(name) != len(found) and found == list(map(str, range(len(found))))
    }


def _items_of_lists(items: Sequence[Item]) -> dict[str, list[int]]:
    """Which of the items make the children of each list."""
    found: dict[str, list[int]] = {}
    for at, item in enumerate(items):
        if isinstance(item, Apply) and item.child is not None and not item.reused:
            name = item.child.name
            if isinstance(name, tree.String) and "." in name.value:
                found.setdefault(name.value.partition(".")[0], []).append(at)
    return found


def _is_plain(item: Item) -> bool:
    return isinstance(item, Apply | Let) or (isinstance(item, Merge) and item.branches is None)


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
