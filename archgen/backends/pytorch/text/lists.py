"""Lists of submodules (`ups[i] = ...`) in a constructor: written at one place, or appended to."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.backends.pytorch.plan.ir import Apply, Item, Let, Merge
from archgen.backends.pytorch.plan.regions import children
from archgen.syntax import tree


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
    return isinstance(item, Apply | Let | Merge)
