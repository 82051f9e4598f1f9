"""The storages of one forward pass.

One walk along the network, call by call, over *storages*: the memory that one or several values
lie in. What autograd keeps is a set of them (a storage that two layers keep counts once), and
numbers of the layers' own (masks, statistics). Of many equal repeats three are walked: the first,
one for all in the middle, and the last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import field
from itertools import accumulate
from math import prod
from typing import assert_never

from archgen.analysis.memory.amounts import Amount, Moment
from archgen.analysis.memory.fresh import fresh_values
from archgen.analysis.numerals import numbered
from archgen.frozen import dataclass
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, ParamNode, Ref

MOST_NODES = 200_000
Path = tuple[str, ...]  # the rows that something is in, outermost first


@dataclass(slots=True, eq=False)
class _Storage:
    """Memory that values lie in: so many numbers for each sample. `entered`: a value in it is an
    argument of a row's call; `left`: a result of one."""

    numbers: int
    times: int
    path: Path
    born: int
    last: int
    counted: bool = True  # else it is a parameter's
    shared: bool = False  # by all samples
    kept: bool = False
    left: bool = False
    entered: set[str] = field(default_factory=set)

    @property
    def amount(self) -> Amount:
        return _amount(self.numbers, shared=self.shared) * self.times


@dataclass(slots=True, eq=False)
class _Value:
    """A value on its way. `dense`: its numbers lie in the order of its axes, without gaps."""

    storage: _Storage
    needs: bool  # a gradient
    dense: bool = True


class _Unknown(Exception):
    """The name of the layer that does not say what it keeps."""


class Walk:
    """The storages of one forward pass."""

    def __init__(self, network: Network, training: bool, depth: int) -> None:
        self.training = training
        self.depth = depth
        self.unknown = ""
        self._fresh = fresh_values(network.body)
        self._storages: list[_Storage] = []
        self._own: dict[Path, Amount] = defaultdict(Amount)
        self._clock = 0
        body = network.body
        inputs = [
            _Value(self._storage(body.values[ref].numel, 1, ()), False) for ref in body.inputs
        ]
        outputs = self._body(body, inputs, 1, (), 0)
        for value in (*inputs, *outputs):
            value.storage.last = self._clock

    # --- answers ----------------------------------------------------------------------------

    def kept(self) -> Amount | None:
        return None if self.unknown else sum(self._amounts().values(), Amount())

    def rows(self) -> dict[str, Amount]:
        """By path of a row, what is kept of the values made in it."""
        found: dict[str, Amount] = defaultdict(Amount)
        for path, amount in self._amounts().items():
            for row in path:
                found[row] += amount
        return dict(found)

    def _amounts(self) -> dict[Path, Amount]:
        found: dict[Path, Amount] = defaultdict(Amount, self._own)
        for each in self._storages:
            if each.kept and each.counted:
                found[each.path] += each.amount
        return found

    def peak(self) -> Moment:
        changes = [0] * (self._clock + 2)
        for each in self._storages:
            if each.counted:
                changes[each.born] += each.numbers
                changes[each.last + 1] -= each.numbers
        held = list(accumulate(changes))
        most = max(held)
        moment = held.index(most)
        rows = [each.path[-1] for each in self._storages if each.born == moment and each.path]
        return Moment(most, rows[0] if rows else "")

    def inside(self, row: str) -> Amount:
        """What is kept inside of a row, less what would have to be kept of its inputs."""
        found = Amount()
        for path, amount in self._own.items():
            if path[:1] == (row,):
                found += amount
        for each in self._storages:
            if each.counted and each.path[:1] == (row,) and each.kept and not each.left:
                found += each.amount
            if each.counted and row in each.entered and not each.kept:
                found += each.amount * -1
        return found

    # --- bodies -----------------------------------------------------------------------------

    def _body(
        self, body: Body, inputs: Sequence[_Value], times: int, path: Path, level: int
    ) -> list[_Value]:
        values = dict(zip(body.inputs, inputs, strict=True))
        heads = tuple(each.node for each in body.aux) if self.training else ()
        for node in (*body.nodes, *heads):
            self._clock += 1
            given = [values[ref] for ref in node.inputs]
            for value in given:
                value.storage.last = self._clock
            made = self._node(body, node, given, times, path, level)
            for value in made:
                value.storage.last = self._clock
            values.update(zip(node.outputs, made, strict=True))
        return [values[each.value] for each in body.outputs]

    def _node(
        self,
        body: Body,
        node: Node,
        given: Sequence[_Value],
        times: int,
        path: Path,
        level: int,
    ) -> list[_Value]:
        if self._clock > MOST_NODES:
            self.unknown = self.unknown or f"more than {MOST_NODES:,} calls"
            return [self._made(body, ref, 1, path) for ref in node.outputs]
        shown = not isinstance(node, MergeNode) and level < self.depth
        if shown and not isinstance(node, MergeNode):
            count = node.count if isinstance(node, CallNode) else 1
            prefix = f"{path[-1]}." if path else ""
            path = (*path, prefix + numbered(node.name, count))
        match node:
            case LayerNode():
                return self._layer(body, node, given, times, path)
            case CallNode():
                return self._call(node, list(given), times, path, level, shown)
            case MergeNode():
                return [self._merge(body, node, given, times, path)]
            case ParamNode():
                storage = self._storage(prod(node.sizes), times, path)
                storage.counted = False
                return [_Value(storage, node.trainable)]
            case _:
                assert_never(node)

    def _call(
        self,
        node: CallNode,
        given: list[_Value],
        times: int,
        path: Path,
        level: int,
        shown: bool,
    ) -> list[_Value]:
        """Of many repeats, the first, one for all in the middle, and the last."""
        counts = [1] * node.count if node.count < 3 else [1, node.count - 2, 1]
        made: list[_Value] = []
        for count in counts:
            if shown:
                for value in given:
                    value.storage.entered.add(path[-1])
            made = self._body(node.body, given, times * count, path, level + 1)
            if shown:
                for value in made:
                    value.storage.left = True
            given = [made[0], *given[1:]]
        return made

    def _layer(
        self, body: Body, node: LayerNode, given: Sequence[_Value], times: int, path: Path
    ) -> list[_Value]:
        layer, source, x = node.layer, given[0], body.shape_in(node)
        keeps = layer.keeps(x, training=self.training)
        needs = source.needs or bool(layer.weights(x))
        if keeps is None:
            self.unknown = self.unknown or layer.keyword
            return [
                _Value(self._made(body, ref, times, path).storage, needs) for ref in node.outputs
            ]
        spread = not source.dense and sum(size > 1 for size in x.sizes) > 1
        if keeps.view and not (keeps.regroups and spread):
            dense = source.dense and (keeps.regroups or layer.keeps_shape)
            return [_Value(source.storage, source.needs, dense) for _ in node.outputs]
        if layer.takes_inplace and self._writes_over(body, node):
            if source.needs and layer.saves_output:
                source.storage.kept = True
            elif source.needs:
                self._own[path] += _amount(x.numel, shared=x.batch != "all") * times
            return [source]
        made = [self._made(body, ref, times, path) for ref in node.outputs]
        for value in made:
            value.needs = needs
            value.dense = source.dense or not layer.keeps_shape
        if needs:
            own = Amount(keeps.numbers, keeps.indices, keeps.fixed)
            if x.batch != "all":
                own = Amount(fixed=keeps.numbers + keeps.fixed)
                if keeps.indices:
                    self.unknown = self.unknown or f"{layer.keyword} without a batch"
            self._own[path] += own * times
            source.storage.kept |= keeps.input
            made[0].storage.kept |= keeps.output
        return made

    def _merge(
        self, body: Body, node: MergeNode, given: Sequence[_Value], times: int, path: Path
    ) -> _Value:
        if node.numbers:
            return self._with_numbers(body, node, given, times, path)
        if len(given) == 1:
            if node.kind == "concat":  # copied where another call of the class has more branches
                self.unknown = self.unknown or "concat of one branch"
            return given[0]
        if node.kind == "add" and self._writes_over(body, node):
            given[0].needs = any(each.needs for each in given)
            return given[0]
        if node.kind in ("mul", "div", "maximum", "minimum"):
            return self._product(body, node, given, times, path)
        made = self._made(body, node.outputs[0], times, path)
        made.needs = any(each.needs for each in given)
        return made

    def _product(
        self, body: Body, node: MergeNode, given: Sequence[_Value], times: int, path: Path
    ) -> _Value:
        """Two by two, from the left: each factor is kept for the gradient of the other, a divisor
        for its own too, and what is compared for both."""
        product = given[0]
        for factor in given[1:]:
            either = product.needs or factor.needs
            product.storage.kept |= either if node.kind in ("maximum", "minimum") else factor.needs
            factor.storage.kept |= product.needs if node.kind == "mul" else either
            made = self._made(body, node.outputs[0], times, path)
            made.needs = product.needs or factor.needs
            product = made
        return product

    def _with_numbers(
        self, body: Body, node: MergeNode, given: Sequence[_Value], times: int, path: Path
    ) -> _Value:
        """Two by two, with numbers among the values: of a number nothing is kept, nor of what is
        divided by one; of one that is divided, its result."""
        branches = list[_Value | None](given)
        for at, _ in node.numbers:
            branches.insert(at, None)
        if node.kind in ("maximum", "minimum"):  # values first, each number a `clamp`
            branches.sort(key=lambda branch: branch is None)
        whole, *others = branches
        if node.kind == "add" and whole is not None and self._writes_over(body, node):
            whole.needs = any(each.needs for each in given)
            return whole
        for other in others:
            whole = self._pair(body, node, whole, other, times, path)
        assert whole is not None
        return whole

    def _pair(
        self,
        body: Body,
        node: MergeNode,
        one: _Value | None,
        other: _Value | None,
        times: int,
        path: Path,
    ) -> _Value | None:
        if one is not None and other is not None:
            pair = MergeNode(node.kind, node.inputs, node.outputs)
            return self._merge(body, pair, (one, other), times, path)
        value = one or other
        if value is None:
            return None
        made = self._made(body, node.outputs[0], times, path)
        made.needs = value.needs
        if node.kind in ("maximum", "minimum"):
            value.storage.kept |= value.needs
        if node.kind == "div" and one is None:  # a number divided: its reciprocal is kept
            self._own[path] += Amount(body.shape_out(node).numel if value.needs else 0) * times
        return made

    def _writes_over(self, body: Body, node: LayerNode | MergeNode) -> bool:
        """Whether the source lets it write over its (first) input."""
        first = node.inputs[0]
        fresh = first in self._fresh[body]
        if isinstance(node, MergeNode):
            shape, whole = body.values[first], body.shape_out(node)
            return fresh and (shape.sizes, shape.batch) == (whole.sizes, whole.batch)
        return fresh and node.layer.may_work_inplace

    def _made(self, body: Body, ref: Ref, times: int, path: Path) -> _Value:
        storage = self._storage(body.values[ref].numel, times, path)
        storage.shared = body.values[ref].batch != "all"
        return _Value(storage, True)

    def _storage(self, numbers: int, times: int, path: Path) -> _Storage:
        storage = _Storage(numbers, times, path, self._clock, self._clock)
        self._storages.append(storage)
        return storage


def _amount(numbers: int, *, shared: bool) -> Amount:
    """So many numbers for each sample, or for all of them."""
    return Amount(fixed=numbers) if shared else Amount(numbers)
