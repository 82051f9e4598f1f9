"""Two bodies laid side by side, and in them those that they call. Each pair of bodies once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import TypeVar

from archgen.analysis.difference.alignment import Pair, align, rising
from archgen.analysis.difference.meaning import Meanings, effective
from archgen.analysis.difference.units import Row, Unit
from archgen.network import Body, CallNode, LayerNode, MergeNode, ParamNode, weight_shapes

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Units that are one and the same, before and after; the first `count` repeats of each.

    inner: the bodies that they call. moved: it stands before or behind others than it did.
    """

    old: Unit
    new: Unit
    count: int = 1
    inner: BodyMatch | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Repeats of a unit that have no counterpart: `count` of them from `start` on."""

    unit: Unit
    start: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class BodyMatch:
    """Two bodies: what became what, in the order of the new one; what is gone; what is new.

    same: they mean the same, names and wiring too, and so does all that they call.
    """

    old: Row
    new: Row
    same: bool
    matched: tuple[Matched, ...]
    removed: tuple[Part, ...] = ()
    added: tuple[Part, ...] = ()
    partner: dict[int, int] = field(default_factory=dict, repr=False)  # new row -> old row


# What kinds of layers can take each other's place, and remain "the" layer there.
_EXCHANGED = ("activation", "normalisation", "pooling")
_LEAST_LIKENESS = 0.3


class Matcher:
    """Lays bodies side by side, and remembers each pair."""

    def __init__(self) -> None:
        self.meanings = Meanings()
        self._known: dict[tuple[Body, Body], BodyMatch] = {}
        self._bags: dict[Body, Counter[str]] = {}

    def match(self, old: Body, new: Body) -> BodyMatch:
        """The two bodies side by side."""
        if (old, new) not in self._known:
            self._known[old, new] = self._match(self.meanings.row(old), self.meanings.row(new))
        return self._known[old, new]

    def _match(self, old: Row, new: Row) -> BodyMatch:
        same = self.meanings.of_body(old.body) == self.meanings.of_body(new.body)
        pairs = align(
            [self._number(unit) for unit in old.units],
            [self._number(unit) for unit in new.units],
            lambda i, j: self._score(old.units[i], new.units[j]),
        )
        pairs, moved = self._by_name(old, new, pairs)
        moved += self._moved(old, new, [*pairs, *moved])
        found = sorted([*((b, a, False) for a, b in pairs), *((b, a, True) for a, b in moved)])
        matched = [self._pair(old.units[a], new.units[b], away) for b, a, away in found]
        matched += self._heads(old, new)
        partner = {b: a for b, a, _ in found}
        return BodyMatch(
            old,
            new,
            same,
            tuple(matched),
            tuple(_left(old, [each.old for each in matched], matched)),
            tuple(_left(new, [each.new for each in matched], matched)),
            partner,
        )

    def _pair(self, old: Unit, new: Unit, moved: bool = False) -> Matched:
        inner = None
        if isinstance(old.node, CallNode) and isinstance(new.node, CallNode):
            inner = self.match(old.node.body, new.node.body)
        return Matched(old, new, min(old.count, new.count), inner, moved)

    def _number(self, unit: Unit) -> int:
        """Equal for units that may be taken as one without looking further."""
        key = (self.meanings.of_unit(unit), unit.name, unit.reused, unit.count)
        return self.meanings.number(key)

    def _by_name(self, old: Row, new: Row, pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
        """The pairs in order, and those out of it: where units only exchanged their places.

        Of `a`, `b` became `b`, `a`: laid side by side `a` became `b` and `b` became `a`, but a name
        says what a unit is, where what it does does not say more.
        """
        settled = dict(pairs)
        for cycle in _exchanges(old, new, pairs):
            places = {new.units[b].name: b for _, b in cycle}
            named = [(a, places[old.units[a].name]) for a, _ in cycle]
            if self._alike(old, new, named) >= self._alike(old, new, cycle):
                settled.update(named)
        found = sorted(settled.items())
        in_order = rising(found)
        return in_order, [pair for pair in found if pair not in set(in_order)]

    def _alike(self, old: Row, new: Row, pairs: Sequence[Pair]) -> float:
        """How alike units are, and whether one's weights fit the other."""
        units = [(old.units[a], new.units[b]) for a, b in pairs]
        return sum(
            self._likeness(*each) + (_weights(each[0]) == _weights(each[1])) for each in units
        )

    def _moved(self, old: Row, new: Row, pairs: Sequence[Pair]) -> Iterator[Pair]:
        """Units that are there on both sides, but in another order."""
        gone, taken = {a for a, _ in pairs}, {b for _, b in pairs}
        waiting: dict[int, list[int]] = {}
        for a, unit in enumerate(old.units):
            if a not in gone and self._is_known_again(unit):
                waiting.setdefault(self.meanings.of_unit(unit), []).append(a)
        for b, unit in enumerate(new.units):
            if b not in taken and (alike := waiting.get(self.meanings.of_unit(unit))):
                yield alike.pop(0), b

    def _is_known_again(self, unit: Unit) -> bool:
        return isinstance(unit.node, CallNode | ParamNode) or (
            isinstance(unit.node, LayerNode) and bool(unit.node.layer.weight_names)
        )

    def _heads(self, old: Row, new: Row) -> Iterator[Matched]:
        """Training heads go by their names, and then by what they are."""
        known = {unit.head: unit for unit in old.heads}
        left = []
        for unit in new.heads:
            before = known.get(unit.head)
            if before is not None and self._score(before, unit) > 0:
                yield self._pair(known.pop(unit.head), unit)
            else:
                left.append(unit)
        for unit in left:
            meaning = self.meanings.of_unit(unit)
            alike = (each for each in known.values() if self.meanings.of_unit(each) == meaning)
            if (before := next(alike, None)) is not None:
                yield self._pair(known.pop(before.head), unit)

    # --- how well two units go together -------------------------------------------------------

    def _score(self, old: Unit, new: Unit) -> float:
        likeness = self._likeness(old, new)
        if likeness <= 0:
            return 0
        named = 0.15 if old.name == new.name else 0
        together = 0.05 if (old.count, old.reused) == (new.count, new.reused) else 0
        return self._weight(old) * likeness + named + together

    def _weight(self, unit: Unit) -> float:
        match unit.node:
            case LayerNode():
                return 3 if unit.node.layer.depth else 1
            case CallNode():
                return 3 + log2(1 + sum(self._bag(unit.node.body).values()))
            case _:
                return 1

    def _likeness(self, old: Unit, new: Unit) -> float:
        """1 for the same, 0 and less for what cannot be one and the same unit."""
        if self.meanings.of_unit(old) == self.meanings.of_unit(new):
            return 1
        match old.node, new.node:
            case LayerNode(), LayerNode():
                return _of_layers(old, new)
            case CallNode(), CallNode():
                return self._of_bodies(old.node.body, new.node.body)
            case MergeNode(), MergeNode():
                return 0.8 if old.node.kind == new.node.kind else 0
            case ParamNode(), ParamNode():
                return 0.6
            case _:
                return 0

    def _of_bodies(self, old: Body, new: Body) -> float:
        """How many of their layers and of their children they share."""
        layers = _shared(self._bag(old), self._bag(new))
        children = _shared(self._children(old), self._children(new))
        likeness = 0.6 * layers + 0.35 * children
        return likeness if likeness >= _LEAST_LIKENESS else 0

    def _children(self, body: Body) -> Counter[int]:
        return Counter(self.meanings.of_unit(unit) for unit in self.meanings.row(body).units)

    def _bag(self, body: Body) -> Counter[str]:
        """How many layers of each kind are in it."""
        if body not in self._bags:
            bag: Counter[str] = Counter()
            for node in body.nodes:
                match node:
                    case LayerNode():
                        bag[node.layer.keyword] += 1
                    case CallNode():
                        for keyword, count in self._bag(node.body).items():
                            bag[keyword] += count * node.count
                    case MergeNode():
                        bag[node.kind] += 1
                    case ParamNode():
                        bag["param"] += 1
            self._bags[body] = bag
        return self._bags[body]


def _weights(unit: Unit) -> object:
    """Names and shapes of what it holds, for the input that it has."""
    inputs = unit.node.inputs
    return weight_shapes(unit.node, unit.body.values[inputs[0]] if inputs else None)


def _exchanges(old: Row, new: Row, pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Pairs whose old names are their new names in another order."""
    following = {
        old.units[a].name: (a, b)
        for a, b in pairs
        if old.units[a].name and not old.units[a].reused and not new.units[b].reused
    }
    seen: set[str] = set()
    for start in following:
        cycle: list[Pair] = []
        name = start
        while name in following and name not in seen:
            seen.add(name)
            cycle.append(following[name])
            name = new.units[following[name][1]].name
        if name == start and len(cycle) > 1:
            yield cycle


def _of_layers(old: Unit, new: Unit) -> float:
    assert isinstance(old.node, LayerNode)
    assert isinstance(new.node, LayerNode)
    one, other = old.node.layer, new.node.layer
    if one.keyword != other.keyword:
        exchanged = one.group == other.group and one.group in _EXCHANGED
        return 0.3 if exchanged else 0
    before = effective(one, old.body.shape_in(old.node))
    after = effective(other, new.body.shape_in(new.node))
    equal = sum(before[name] == after[name] for name in before)
    return 0.4 + 0.5 * equal / max(len(before), 1)


def _shared(old: Counter[T], new: Counter[T]) -> float:
    """How alike two bags are in what is in them, however much of it: 1 for 3 blocks and 200."""
    before, after = sum(old.values()), sum(new.values())
    if not before or not after:
        return 1.0 if before == after else 0.0
    return sum(min(count / before, new[key] / after) for key, count in old.items())


def _left(row: Row, used: list[Unit], matched: list[Matched]) -> Iterator[Part]:
    """What of a row has no counterpart: whole units, and repeats that are too many."""
    counts = {id(unit): each.count for unit, each in zip(used, matched, strict=True)}
    for unit in (*row.units, *row.heads):
        start = counts.get(id(unit), 0)
        if start < unit.count:
            yield Part(unit, start, unit.count - start)
