"""Two bodies laid side by side, and in them those that they call. Each pair of bodies once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import TypeVar, assert_never

from archgen.analysis.difference.alignment import Pair, align, cycles, rising
from archgen.analysis.difference.meaning import Meanings, effective
from archgen.analysis.difference.names import is_given, stem
from archgen.analysis.difference.units import MOST_PIECES, Row, Unit, cut, opened
from archgen.holdings import Holdings
from archgen.network import Body, CallNode, LayerNode, MergeNode, ParamNode
from archgen.traversal import Fold, Leaf
from archgen.traversal import Part as Known

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


_LEAST_LIKENESS = 0.3
_ANCHOR = 1e6  # the score of what is known to be one and the same


class Matcher:
    """Lays bodies side by side, and remembers each pair."""

    def __init__(self) -> None:
        self.meanings = Meanings()
        self._known: dict[tuple[Body, Body], BodyMatch] = {}
        self._bags = Fold(_of_leaf, _of_parts)
        self._holdings = Holdings()

    def match(self, old: Body, new: Body) -> BodyMatch:
        """The two bodies side by side."""
        if (old, new) not in self._known:
            self._known[old, new] = self._match(*self._rows(old, new))
        return self._known[old, new]

    def _rows(self, old: Body, new: Body) -> tuple[Row, Row]:
        """The units of both; a long repeat that can only be one other needs no cutting."""
        rows = self._opened(self.meanings.row(old), self.meanings.row(new))
        alone = [self._alone(row) for row in rows]
        only = all(sum(unit.count > MOST_PIECES for unit in row.units) == 1 for row in rows)

        def whole(unit: Unit) -> bool:
            return only or all(self.meanings.of_unit(unit) in known for known in alone)

        return cut(rows[0], whole), cut(rows[1], whole)

    def _opened(self, old: Row, new: Row) -> tuple[Row, Row]:
        """The rows, chains and braces opened that only one side has round what both have."""
        return opened(old, self._news(old, new)), opened(new, self._news(new, old))

    def _news(self, row: Row, other: Row) -> Callable[[Unit], Row | None]:
        known = [self.meanings.of_unit(unit) for unit in other.units]
        names = {unit.name for unit in other.units}

        def inside(unit: Unit) -> Row | None:
            inner = unit.inner
            if inner is None or unit.name in names or not _is_anonymous(unit):
                return None
            if self.meanings.of_unit(unit) in known:
                return None
            found = self.meanings.row(inner)
            parts = [self.meanings.of_unit(each) for each in found.units]
            return found if _holds(known, parts) else None

        return inside

    def _alone(self, row: Row) -> set[int]:
        """What there is once."""
        counted = Counter(map(self.meanings.of_unit, row.units))
        return {number for number, times in counted.items() if times == 1}

    def _match(self, old: Row, new: Row) -> BodyMatch:
        same = self.meanings.of_body(old.body) == self.meanings.of_body(new.body)
        pairs, moved = self._aligned(old, new)
        pairs = [pair for pair in pairs if not self._is_doubtful(old, new, pair, pairs)]
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

    def _aligned(self, old: Row, new: Row) -> tuple[list[Pair], list[Pair]]:
        """The pairs in order, and those that are known by name and stand in another order."""
        named = list(self._named(old, new))
        anchors = set(rising(named))
        settled = {a for a, _ in named}, {b for _, b in named}

        def score(a: int, b: int) -> float:
            if a in settled[0] or b in settled[1]:
                return _ANCHOR if (a, b) in anchors else 0
            return self._score(old.units[a], new.units[b])

        before, after = ([self._number(unit) for unit in row.units] for row in (old, new))
        pairs = align(before, after, score)
        found = sorted([*self._exchanged(old, new, pairs), *(set(named) - anchors)])
        in_order = rising(found)
        return in_order, [pair for pair in found if pair not in set(in_order)]

    def _named(self, old: Row, new: Row) -> Iterator[Pair]:
        """Units that have the same name, given by a person, and are the same, weights and all."""
        places = {unit.name: b for b, unit in enumerate(new.units) if self._has_own_name(unit)}
        for a, unit in enumerate(old.units):
            b = places.get(unit.name)
            if b is not None and self._has_own_name(unit) and self._same(unit, new.units[b]):
                yield a, b

    def _exchanged(self, old: Row, new: Row, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs; where nameless units seem to have become one another, they changed places."""
        seem_changed = {a: b for a, b in pairs if self._seems_changed(old.units[a], new.units[b])}
        places = {self._kind(new.units[b]): b for b in seem_changed.values()}
        owners = {b: a for a, b in seem_changed.items()}
        became = {a: places.get(self._kind(old.units[a])) for a in seem_changed}
        settled = dict(pairs)
        for cycle in cycles({a: owners[b] for a, b in became.items() if b is not None}):
            settled.update((a, b) for a in cycle if (b := became[a]) is not None)
        return list(settled.items())

    def _seems_changed(self, old: Unit, new: Unit) -> bool:
        numbered = not is_given(old.name) and not is_given(new.name)
        return numbered and self._is_known_again(old) and self._kind(old) != self._kind(new)

    def _kind(self, unit: Unit) -> tuple[int, str]:
        return self.meanings.of_unit(unit), stem(unit.name)

    def _has_own_name(self, unit: Unit) -> bool:
        return self._is_known_again(unit) and is_given(unit.name) and not unit.reused

    def _same(self, old: Unit, new: Unit) -> bool:
        alike = self.meanings.of_unit(old) == self.meanings.of_unit(new)
        return alike and self._held(old) == self._held(new)

    def _is_doubtful(self, old: Row, new: Row, pair: Pair, pairs: Sequence[Pair]) -> bool:
        """Whether a unit with another name could be another unit as well, which stands beside it.

        Of `a`, `b` became `c`: nobody knows which of them, if they are alike.
        """
        before, after = old.units[pair[0]], new.units[pair[1]]
        if before.name == after.name or not (is_given(before.name) and is_given(after.name)):
            return False
        rivals = [
            *_beside(old.units, pair[0], {a for a, _ in pairs}),
            *_beside(new.units, pair[1], {b for _, b in pairs}),
        ]
        meaning = self.meanings.of_unit(before)
        return any(self.meanings.of_unit(unit) == meaning for unit in rivals)

    def _moved(self, old: Row, new: Row, pairs: Sequence[Pair]) -> Iterator[Pair]:
        """Units that are there on both sides, but in another order; by what they are.

        A number behind a name says where it stands: `conv2` may be what `conv1` was.
        """
        gone, taken = {a for a, _ in pairs}, {b for _, b in pairs}
        waiting: dict[tuple[int, str], list[int]] = {}
        for a, unit in enumerate(old.units):
            if a not in gone and self._is_known_again(unit):
                waiting.setdefault(self._kind(unit), []).append(a)
        for b, unit in enumerate(new.units):
            if b not in taken and (alike := waiting.get(self._kind(unit))):
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
                return 0.6 if old.node.word == new.node.word else 0
            case _:
                return 0

    def _of_bodies(self, old: Body, new: Body) -> float:
        """How many of their layers and of their children they share."""
        layers = _shared(self._bag(old), self._bag(new))
        children = _shared(self._children(old), self._children(new))
        likeness = 0.6 * layers + 0.35 * children
        return likeness if likeness >= _LEAST_LIKENESS else 0

    def _children(self, body: Body) -> Counter[int]:
        found: Counter[int] = Counter()
        for unit in self.meanings.row(body).units:
            found[self.meanings.of_unit(unit)] += unit.count
        return found

    def _bag(self, body: Body) -> Counter[str]:
        """How many layers of each kind are in it."""
        return self._bags.of_body(body)

    def _held(self, unit: Unit) -> int:
        """Names and shapes of what it holds, for the input that it has, as a number."""
        inputs = unit.node.inputs
        return self._holdings.of(unit.node, unit.body.values[inputs[0]] if inputs else None)


def _of_leaf(_: Body, node: Leaf) -> Counter[str]:
    match node:
        case LayerNode():
            return Counter([node.layer.keyword])
        case MergeNode():
            return Counter([node.kind])
        case ParamNode():
            return Counter([node.word])
        case _:
            assert_never(node)


def _of_parts(_: Body, parts: Sequence[Known[Counter[str]]]) -> Counter[str]:
    bag: Counter[str] = Counter()
    for part in parts:
        for keyword, count in () if part.head else part.value.items():
            bag[keyword] += count * part.count
    return bag


def _beside(units: Sequence[Unit], place: int, taken: Collection[int]) -> Iterator[Unit]:
    """The units without a counterpart before and behind one, up to the next that has one."""
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(units) and at not in taken:
            yield units[at]
            at += step


def _is_anonymous(unit: Unit) -> bool:
    """Whether it is a chain or braces that only give names a prefix."""
    node = unit.node
    if not isinstance(node, CallNode) or node.reused or unit.count > 1 or unit.head:
        return False
    body = node.body
    named = body.definition is not None and body.definition.kind != "implicit"
    return not (named or body.aux or body.path_init or body.listed or body.kind == "stage")


def _holds(whole: Sequence[int], part: Sequence[int]) -> bool:
    """Whether numbers stand in others in a row."""
    ends = range(len(part), len(whole) + 1) if part else ()
    return any(list(whole[end - len(part) : end]) == list(part) for end in ends)


def _of_layers(old: Unit, new: Unit) -> float:
    assert isinstance(old.node, LayerNode)
    assert isinstance(new.node, LayerNode)
    one, other = old.node.layer, new.node.layer
    if one.keyword != other.keyword:
        exchanged = one.group == other.group and one.exchangeable and other.exchangeable
        return 0.3 if exchanged else 0
    before = effective(one, old.body.shape_in(old.node))
    after = effective(other, new.body.shape_in(new.node))
    equal = sum(before[name] == after.get(name) for name in before)
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
