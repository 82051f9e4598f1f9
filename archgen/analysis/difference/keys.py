"""What becomes of each entry of the `state_dict`: as an iterator, and counted.

A weight is carried over where the layer that holds it is the same one: laid side by side with its
counterpart, and of the same kind. Its shape tells whether it fits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import assert_never

from archgen.analysis.difference.matching import BodyMatch, Matched, Part
from archgen.analysis.difference.model import Fate, KeyCounts, KeyPair
from archgen.analysis.difference.units import Unit
from archgen.analysis.weights import Entry, members, of_body, of_layer, of_tensor
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode
from archgen.traversal import Fold, Leaf
from archgen.traversal import Part as Known

FATES: tuple[Fate, ...] = ("kept", "renamed", "reshaped", "gone", "new")


def pairs(match: BodyMatch, fates: Collection[Fate] = FATES) -> Iterator[KeyPair]:
    """The entries with one of these fates: new ones in the order of the new network, then those
    gone. Bodies that have none of them are not walked through."""
    walk = _Walk(frozenset(fates))
    yield from walk.arriving(match, "", "")
    if "gone" in fates:
        yield from walk.gone(match, "")


def counts(match: BodyMatch) -> KeyCounts:
    """How many entries have which fate."""
    return _Counts().of_body(match)


def fates_of(each: Matched) -> list[Fate]:
    """The fates of the entries of a layer or parameter; names alike."""
    return [pair.fate for pair in _of_leaves(each, "", "")]


def holds(unit: Unit) -> bool:
    """Whether a unit has entries in the `state_dict`, its own or those of what it uses again."""
    return _Counts().of_unit(unit) > 0


class _Counts:
    """Counts below a prefix that is the same on both sides, remembered by pair of bodies."""

    def __init__(self) -> None:
        self._matches: dict[BodyMatch, KeyCounts] = {}
        self._sizes = Fold(_of_member, _of_parts)

    def of_body(self, match: BodyMatch) -> KeyCounts:
        if match not in self._matches:
            parts = [self._of_pair(each) for each in match.matched]
            parts += [KeyCounts(gone=self._of_part(each)) for each in match.removed]
            parts += [KeyCounts(new=self._of_part(each)) for each in match.added]
            self._matches[match] = sum(parts, KeyCounts())
        return self._matches[match]

    def _of_pair(self, each: Matched) -> KeyCounts:
        if each.old.reused or each.new.reused:
            gone = 0 if each.old.reused else self.of_unit(each.old) * each.count
            new = 0 if each.new.reused else self.of_unit(each.new) * each.count
            return KeyCounts(gone=gone, new=new)
        if each.inner is None:
            found = sum((_fate(pair) for pair in _of_leaves(each, "", "")), KeyCounts())
            return found
        inner = self.of_body(each.inner) * each.count
        return inner if each.old.name == each.new.name else _renamed(inner)

    def _of_part(self, part: Part) -> int:
        return 0 if part.unit.reused else self.of_unit(part.unit) * part.count

    def of_unit(self, unit: Unit) -> int:
        """How many entries one repeat has."""
        return self._sizes.of_node(unit.body, unit.node)


def _of_member(body: Body, node: Leaf) -> int:
    match node:
        case LayerNode():
            return sum(1 for _ in of_layer(body, node, ""))
        case ParamNode():
            return int(node.persistent)
        case MergeNode():
            return 0
        case _:
            assert_never(node)


def _of_parts(_: Body, parts: Sequence[Known[int]]) -> int:
    return sum(part.value * part.count for part in parts if not part.reused)


def _fate(pair: KeyPair) -> KeyCounts:
    return KeyCounts(**{pair.fate: 1})


def _renamed(inner: KeyCounts) -> KeyCounts:
    return KeyCounts(0, inner.kept + inner.renamed, inner.reshaped, inner.gone, inner.new)


class _Walk:
    """Entry by entry, only through bodies that have what is asked for."""

    def __init__(self, fates: frozenset[Fate]) -> None:
        self.fates = fates
        self.counts = _Counts()

    def arriving(self, match: BodyMatch, old: str, new: str) -> Iterator[KeyPair]:
        """The entries of the new body."""
        if not self._has_any(match, named=old == new):
            return
        places: dict[Node, list[Matched | Part]] = {}
        for each in match.matched:
            places.setdefault(each.new.node, []).append(each)
        for part in match.added:
            places.setdefault(part.unit.node, []).append(part)
        for node in _opened(match.new.body, places):
            for item in sorted(places.get(node, ()), key=_number):
                yield from self._arriving(item, old, new)

    def _has_any(self, match: BodyMatch, *, named: bool) -> bool:
        counts = self.counts.of_body(match)
        counts = counts if named else _renamed(counts)
        return any(getattr(counts, fate) for fate in self.fates - {"gone"})

    def _arriving(self, each: Matched | Part, old: str, new: str) -> Iterator[KeyPair]:
        if isinstance(each, Part) or each.old.reused:
            part = each if isinstance(each, Part) else Part(each.new, 0, each.count)
            if "new" in self.fates:
                yield from (KeyPair(None, entry) for entry in _entries(part, new))
        elif each.inner is None:
            yield from (pair for pair in _of_leaves(each, old, new) if self._asked(pair))
        else:
            named = old == new and each.old.name == each.new.name
            for place in range(each.count if self._has_any(each.inner, named=named) else 0):
                before, after = each.old.name_at(place), each.new.name_at(place)
                yield from self.arriving(each.inner, f"{old}{before}.", f"{new}{after}.")

    def _asked(self, pair: KeyPair) -> bool:
        return pair.new is not None and pair.fate in self.fates

    def gone(self, match: BodyMatch, old: str) -> Iterator[KeyPair]:
        """The entries of the old body that have no counterpart."""
        if not self.counts.of_body(match).gone:
            return
        for part in match.removed:
            if not part.unit.reused:
                for entry in _entries(part, old):
                    yield KeyPair(entry, None)
        for each in match.matched:
            yield from self._gone(each, old)

    def _gone(self, each: Matched, old: str) -> Iterator[KeyPair]:
        if each.old.reused:
            return
        if each.new.reused:
            for entry in _entries(Part(each.old, 0, each.count), old):
                yield KeyPair(entry, None)
        elif each.inner is None:
            yield from (pair for pair in _of_leaves(each, old, "") if pair.new is None)
        elif self.counts.of_body(each.inner).gone:
            for place in range(each.count):
                yield from self.gone(each.inner, f"{old}{each.old.name_at(place)}.")


def _opened(body: Body, places: Mapping[Node, object]) -> Iterator[Node]:
    """The members of a body; of a chain that was opened, its own."""
    for node in members(body):
        if node not in places and isinstance(node, CallNode):
            yield from (each for each in members(node.body) if each in places)
        else:
            yield node


def _number(each: Matched | Part) -> int:
    """Where among the repeats of its node it stands."""
    return each.unit.offset + each.start if isinstance(each, Part) else each.new.offset


def _of_leaves(each: Matched, old: str, new: str) -> Iterator[KeyPair]:
    """The entries of a layer or parameter: of the new one, then what only the old one has."""
    before = dict(_of_leaf(each.old, old))
    for name, entry in _of_leaf(each.new, new):
        yield KeyPair(before.pop(name, None) if _alike(each) else None, entry)
    for entry in before.values():
        yield KeyPair(entry, None)


def _alike(each: Matched) -> bool:
    """Whether weights mean the same in both: a norm of another kind has others."""
    old, new = each.old.node, each.new.node
    if isinstance(old, LayerNode) and isinstance(new, LayerNode):
        return old.layer.keyword == new.layer.keyword
    return True


def _of_leaf(unit: Unit, prefix: str) -> Iterator[tuple[str, Entry]]:
    """The entries of a layer by the names of its weights; of a parameter the one."""
    match unit.node:
        case LayerNode():
            place = f"{prefix}{unit.name}."
            for entry in of_layer(unit.body, unit.node, place):
                yield entry.key.removeprefix(place), entry
        case ParamNode():
            yield from (("", entry) for entry in of_tensor(unit.body, unit.node, prefix))


def _entries(part: Part, prefix: str) -> Iterator[Entry]:
    """All entries of repeats of a unit."""
    inner = part.unit.inner
    if inner is None:
        yield from (entry for _, entry in _of_leaf(part.unit, prefix))
        return
    for place in range(part.start, part.start + part.count):
        yield from of_body(inner, f"{prefix}{part.unit.name_at(place)}.")
