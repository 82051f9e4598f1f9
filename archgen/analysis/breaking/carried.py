"""Two networks whose weights are laid side by side as `transfer` lays them, named alike.

The numbering of values tells weights apart by their keys. Where a checkpoint does not load as a
whole, copies of both networks take their place: what a weight is carried from and to has one name
in both. Layers whose weights are not carried are told by `weights`, and are no cause of anything
here: one that is on both sides counts as the same, one that is on one side hands on its input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from archgen.analysis.difference.keys import counts, fates_of, holds
from archgen.analysis.difference.matching import BodyMatch, Matched
from archgen.analysis.difference.units import INPUT, Row, Source, Unit
from archgen.network import Body, CallNode, MergeNode, Network, Node, OutputValue, Ref
from archgen.shapes import Shape

# A node whose weights are not carried: "same" as its counterpart, or "passed" by.
Aside = Mapping[Node, Literal["same", "passed"]]


@dataclass(frozen=True)
class Carried:
    """The copies; labels: the real names of nodes that are called otherwise in them."""

    old: Network
    new: Network
    aside: Aside
    labels: Mapping[Node, str]


def carried(old: Network, new: Network, match: BodyMatch) -> Carried:
    """Copies of two networks in which weights that `transfer` carries have equal keys."""
    copies = _Copies()
    before, after = copies.of(match)
    one, other = replace(old, body=before), replace(new, body=after)
    return Carried(one, other, copies.aside, copies.labels)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Repeats of a unit, all with a counterpart or none: `count` of them from `start` on."""

    start: int
    count: int
    each: Matched | None


@dataclass
class _Copies:
    """Copies of each pair of bodies, made once."""

    aside: dict[Node, Literal["same", "passed"]] = field(default_factory=dict)
    labels: dict[Node, str] = field(default_factory=dict)
    _known: dict[BodyMatch, tuple[Body, Body]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def of(self, match: BodyMatch) -> tuple[Body, Body]:
        if match not in self._known:
            if counts(match).changed:
                self._known[match] = self._made(match)
            else:
                self._known[match] = match.old.body, match.new.body
        return self._known[match]

    def _made(self, match: BodyMatch) -> tuple[Body, Body]:
        names = {id(each): self._name(each) for each in match.matched}
        unlike = {id(each) for each in match.matched if not _is_carried(each)}
        # What is used again has the name, and the weights, of what it was made as.
        made = {each.new.name: names[id(each)] for each in match.matched if not each.new.reused}
        strange = {names[id(each)] for each in match.matched if id(each) in unlike}
        bodies = []
        for row, side in ((match.old, "old"), (match.new, "new")):
            pairs = {id(getattr(each, side)): each for each in match.matched}
            writing = _Writing(row)
            for unit in row.units:
                for piece in _pieces(unit, pairs.get(id(unit))):
                    each = piece.each
                    node = unit.node
                    name = names[id(each)] if each else self._other_name(unit, piece, side)
                    if each and unit.reused and each.old.reused and side == "new":
                        name = made.get(unit.name, name)
                    if isinstance(node, CallNode) and each and each.inner is not None:
                        node = replace(node, body=self.of(each.inner)[side == "new"])
                    copy = writing.add(unit, piece, node, name)
                    self.labels[copy] = unit.named(piece.start, 1) if unit.name else ""
                    if each and (id(each) in unlike or (unit.reused and name in strange)):
                        self.aside[copy] = "same"
                    elif each is None and holds(unit):
                        self.aside[copy] = "passed"
            bodies.append(writing.body())
        return bodies[0], bodies[1]

    def _name(self, each: Matched) -> str:
        """Of both sides: that of the old one, but for repeats, whose names are numbers."""
        return each.old.name if each.count == 1 else str(next(self._numbers) * 10**12)

    def _other_name(self, unit: Unit, piece: _Piece, side: str) -> str:
        """Of what one side alone has."""
        if piece.count > 1:
            return str(next(self._numbers) * 10**12)
        return unit.name_at(piece.start) if side == "old" else f"+{unit.name_at(piece.start)}"


def _is_carried(each: Matched) -> bool:
    """Whether all weights of a layer or parameter are carried; of calls, their parts tell."""
    if each.inner is not None or isinstance(each.new.node, MergeNode):
        return True
    if each.old.reused != each.new.reused:
        return not (holds(each.old) or holds(each.new))
    return all(fate in {"kept", "renamed"} for fate in fates_of(each))


def _pieces(unit: Unit, each: Matched | None) -> Iterator[_Piece]:
    shared = each.count if each else 0
    if shared:
        yield _Piece(0, shared, each)
    if shared < unit.count:
        yield _Piece(shared, unit.count - shared, None)


class _Writing:
    """A body being written from the units of a row."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.inputs = tuple(range(len(row.body.inputs)))
        self.values: list[Shape] = [row.body.values[ref] for ref in row.body.inputs]
        self.refs: dict[Source, Ref] = {(INPUT, place): place for place in self.inputs}
        self.nodes: list[Node] = []
        self.units = 0
        self.last: Unit | None = None

    def add(self, unit: Unit, piece: _Piece, node: Node, name: str) -> Node:
        """Write some repeats of a unit; the next ones of the same unit read what these make."""
        again = unit is self.last
        self.units += not again
        self.last = unit
        at = self.units - 1
        read = [self.refs[at, 0]] if again else [self.refs[each] for each in unit.inputs]
        read += [self.refs[each] for each in unit.inputs[1:]] if again else []
        outputs = tuple(range(len(self.values), len(self.values) + len(unit.node.outputs)))
        self.values += [unit.body.values[ref] for ref in unit.node.outputs]
        self.refs |= {(at, place): ref for place, ref in enumerate(outputs)}
        changed: dict[str, object] = {"inputs": tuple(read), "outputs": outputs}
        if not isinstance(node, MergeNode):
            changed["name"] = name
        if isinstance(node, CallNode):
            changed["count"] = piece.count
        copy = replace(node, **changed)  # type: ignore[arg-type]
        self.nodes.append(copy)
        return copy

    def body(self) -> Body:
        outputs = tuple(
            OutputValue(output.name, self.refs[source])
            for output, source in zip(self.row.body.outputs, self.row.outputs, strict=True)
        )
        return replace(
            self.row.body,
            inputs=self.inputs,
            outputs=outputs,
            aux=(),
            values=tuple(self.values),
            nodes=tuple(self.nodes),
            steps=(),
            names={},
            path_init=(),
        )
