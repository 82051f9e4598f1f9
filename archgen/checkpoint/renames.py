"""What may have been renamed: parts of a network that a checkpoint holds under other names.

A part is a tensor, a layer or a block of any depth. It is the same if the names and shapes inside
are, or else all layers inside but for their names. Of several that are the same, those of the same
parent come first, then those with a similar name except for numbers, then the order decides:
`layer1`, `layer2` for `layers.0`, `layers.1`. Whether it is so only the user knows.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from archgen.analysis.weights import state
from archgen.checkpoint.differences import COUNT, Comparison, Difference
from archgen.checkpoint.grouping import paths

_MOST: Final = 4000  # keys of each side that are compared
_DIGITS: Final = re.compile(r"[0-9]{1,9}")

Sizes = tuple[int, ...]
Form = tuple[tuple[str, Sizes], ...]


def renames(fit: Comparison) -> dict[str, str]:
    """For paths of the network that are missing whole, the path that holds the same: neither is
    below another one that is named here."""
    missing = _Side(fit.of("missing"), (entry.key for entry in state(fit.network)))
    unexpected = _Side(fit.of("unexpected"), fit.contents.held)
    return dict(_paired(missing, unexpected))


def _paired(missing: _Side, unexpected: _Side) -> Iterator[tuple[str, str]]:
    for path, part in missing.parts.items():
        if missing.is_taken(path):
            continue
        exact = unexpected.by_form.get(part.form, [])
        free = unexpected.free(exact) or unexpected.free(_alike(path, missing, unexpected))
        if part.is_key:
            free = [each for each in free if _is_like(path, each)]
        if free:
            found = _closest(path, free)
            missing.take(path)
            unexpected.take(found)
            yield path, found


def _alike(path: str, missing: _Side, unexpected: _Side) -> Iterator[str]:
    """Paths with the same layers under other names, none of which is another part exactly. A part
    that kept its own name is looked into instead."""
    layers = missing.parts[path].layers
    if len(layers) > 1 and path not in unexpected.parts:
        for other in unexpected.by_layers.get(layers, []):
            if unexpected.parts[other].form not in missing.by_form:
                yield other


def _is_like(path: str, other: str) -> bool:
    """Of single tensors a shape says little: they share the layer or the name."""
    layer, _, name = path.rpartition(".")
    other_layer, _, other_name = other.rpartition(".")
    return layer == other_layer or name == other_name


def _closest(path: str, candidates: Sequence[str]) -> str:
    if len(candidates) == 1:
        return candidates[0]
    parent, words = path.rpartition(".")[0], _words(path)

    def nearness(other: str) -> tuple[bool, float]:
        return other.rpartition(".")[0] == parent, _similarity(words, _words(other))

    return max(candidates, key=nearness)  # the first of those that are equally near


def _words(path: str) -> str:
    """A path without its numbers."""
    return _DIGITS.sub("", path).strip(".")


@cache
def _similarity(one: str, other: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, one, other).ratio()


@dataclass(frozen=True, slots=True)
class _Part:
    """What is below a path, without counts: names from there, with their shapes.

    layers: the same without the names of layers. Files of safetensors are sorted by name: where
    keys stand says nothing, neither here nor in `form`.
    """

    keys: tuple[str, ...]
    form: Form
    layers: tuple[Form, ...]
    is_key: bool  # the path itself is one

    @staticmethod
    def of(path: str, keys: Sequence[str], shapes: Mapping[str, Sizes]) -> _Part:
        inside = sorted((key[len(path) :].removeprefix("."), shapes[key]) for key in keys)
        layers: dict[str, list[tuple[str, Sizes]]] = defaultdict(list)
        for name, shape in inside:
            layer, _, last = name.rpartition(".")
            layers[layer].append((last, shape))
        forms = sorted(map(tuple, layers.values()))
        return _Part(tuple(keys), tuple(inside), tuple(forms), path in shapes)


class _Side:
    """The paths of which all is missing, or all is unexpected, parents before their children."""

    def __init__(self, differences: Iterable[Difference], all_keys: Iterable[str]) -> None:
        chosen = [each for each in differences if not each.key.endswith(COUNT)][:_MOST]
        shapes = {each.key: _shape(each) for each in chosen}
        among = (key for key in all_keys if not key.endswith(COUNT))
        counted = Counter(path for key in among for path in paths(key))
        below: dict[str, list[str]] = defaultdict(list)
        for key in shapes:
            for path in paths(key):
                below[path].append(key)
        whole = [path for path, keys in below.items() if len(keys) == counted[path]]
        self.parts = {path: _Part.of(path, below[path], shapes) for path in whole}
        self.by_form: dict[Form, list[str]] = {}
        self.by_layers: dict[tuple[Form, ...], list[str]] = {}
        for path in _numbered(whole):
            self.by_form.setdefault(self.parts[path].form, []).append(path)
            self.by_layers.setdefault(self.parts[path].layers, []).append(path)
        self.taken: set[str] = set()

    def free(self, paths: Iterable[str]) -> list[str]:
        return [path for path in paths if not self.is_taken(path)]

    def take(self, path: str) -> None:
        self.taken.update(self.parts[path].keys)

    def is_taken(self, path: str) -> bool:
        return not self.taken.isdisjoint(self.parts[path].keys)


def _numbered(paths: Iterable[str]) -> list[str]:
    """Paths that differ in their numbers alone by these, in the place of the first."""
    places: dict[str, int] = {}
    for path in paths:
        places.setdefault(_words(path), len(places))
    return sorted(paths, key=lambda path: (places[_words(path)], _numbers(path)))


def _numbers(path: str) -> list[int]:
    return [int(digits) for digits in _DIGITS.findall(path)]


def _shape(each: Difference) -> Sizes:
    if each.wanted:
        return each.wanted.sizes
    return (each.held.shape if each.held else None) or ()
