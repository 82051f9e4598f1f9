"""Keys of a `state_dict` by what holds them: a layer, or a whole block. Knows texts alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

DEEPEST = 100  # names in a key; what a network has is less deep

Groups = dict[str, list[str]]


def whole(keys: Iterable[str], among: Iterable[str]) -> Groups:
    """Keys by the shortest path below which there are no others of `among`, itself at last."""
    chosen = list(keys)
    all_below = Counter(path for key in among for path in paths(key))
    these_below = Counter(path for key in chosen for path in paths(key))
    groups: Groups = {}
    for key in chosen:
        path = next(path for path in paths(key) if these_below[path] == all_below[path])
        groups.setdefault(path, []).append(key)
    return groups


def by_layer(keys: Iterable[str]) -> Groups:
    groups: Groups = {}
    for key in keys:
        groups.setdefault(layer_of(key), []).append(key)
    return groups


def layer_of(key: str) -> str:
    """`fc` for `fc.bias`; a parameter of the network itself is its own."""
    return key.rpartition(".")[0] or key


def paths(key: str) -> Sequence[str]:
    """`a`, `a.b` and `a.b.weight` for `a.b.weight`."""
    names = key.split(".", DEEPEST)
    return [".".join(names[: end + 1]) for end in range(len(names))]
