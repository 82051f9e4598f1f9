"""Which values of two networks are equal: value numbering (Cocke and Schwartz 1970).

Each distinct computation has a number. Two values with one number are equal to the last bit for
every input and all weights, where the weights of the two networks are equal by their keys. So
names of values, blocks in between and layers that do nothing make no difference; a sum of two is
the same either way round, a sum of three only where the same two are added first.

A body has a form, in which a call is one step: equal forms mean equal values, which takes time for
the distinct bodies only. Networks of other forms are numbered layer by layer, if they are small
enough to be built.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from archgen.analysis.breaking.carried import Aside
from archgen.analysis.breaking.operations import Operation, has_state, operation
from archgen.interning import Interner
from archgen.merges import MERGES
from archgen.network import (
    AuxValue,
    Body,
    CallNode,
    LayerNode,
    MergeNode,
    Network,
    Node,
    ParamNode,
    Ref,
    head_name,
)
from archgen.traversal import Fold, Leaf, Part, fold

Number = int
MOST_STEPS = 50_000  # of a network that is numbered layer by layer


@dataclass(frozen=True, slots=True)
class Step:
    """A node that ran: what it computed of which values.

    `meaning` is what it does, whatever it reads; None: it hands on its first input.
    """

    node: Node
    meaning: Hashable
    inputs: tuple[Number, ...]
    outputs: tuple[Number, ...]


class Numbering:
    """Numbers of values. One for both networks, so that their numbers can be compared.

    training: whether it is about training, and not about evaluation. by_name: whether inputs
    are told apart by their names, and not by their places. aside: what `carried` makes of layers
    whose weights are not carried.
    """

    def __init__(self, *, training: bool, by_name: bool = True, aside: Aside | None = None) -> None:
        self._training = training
        self._aside = aside or {}
        self._by_name = by_name
        self._number = Interner().number
        self._extents: dict[Number, Number] = {}  # a value with the same spatial sizes as this one
        self._concatenated: dict[Number, tuple[int, tuple[Number, ...]]] = {}
        self._forms: dict[Body, Number] = {}
        self._stateful = Fold(_leaf_has_state, lambda _, parts: any(part.value for part in parts))
        self._operations: dict[Node, Operation | None] = {}

    def outputs(self, network: Network) -> dict[str, Number]:
        """The number of each result by its name (of a list by its place), heads in training too:
        layer by layer, so that it does not matter in which blocks the layers stand."""
        body = network.body
        values = self._run(body, self.inputs(body), "", whole=True)
        results = {
            str(place) if body.listed else each.name: values[each.value]
            for place, each in enumerate(body.outputs)
        }
        return results | dict(self._trained(body, values, ""))

    def _trained(
        self, body: Body, values: Mapping[Ref, Number], prefix: str
    ) -> Iterator[tuple[str, Number]]:
        """The heads of a body whose values have these numbers, and those of what it calls."""
        for aux in self._heads(body):
            yield aux.name, values[aux.node.outputs[0]]
        for node in body.nodes if self._training else ():
            if isinstance(node, CallNode) and node.body.heads:
                inside = f"{prefix}{node.name}."
                read = [values[ref] for ref in node.inputs]
                inner = self._run(node.body, read, inside, whole=True)
                for name, number in self._trained(node.body, inner, inside):
                    yield head_name(node.name, name), number

    def inputs(self, body: Body) -> list[Number]:
        """Those of the network, or of a body whatever it is called with."""
        named = self._by_name and body.kind == "arch"
        names = body.input_names if named else ("",) * len(body.inputs)
        return [self._number(("input", name or place)) for place, name in enumerate(names)]

    def form(self, body: Body) -> Number:
        """Equal for bodies that compute the same of the same inputs and weights."""
        if body not in self._forms:
            values = self._run(body, self.inputs(body), "", whole=False)
            results = [values[each.value] for each in body.outputs]
            results += [values[aux.node.outputs[0]] for aux in self._heads(body)]
            self._forms[body] = self._number(("form", tuple(results)))
        return self._forms[body]

    def _run(
        self, body: Body, inputs: Sequence[Number], prefix: str, *, whole: bool
    ) -> dict[Ref, Number]:
        """The numbers of all values of a body for inputs with these numbers."""
        values = dict(zip(body.inputs, inputs, strict=True))
        for node in self.nodes(body):
            read = tuple(values[ref] for ref in node.inputs)
            if whole and isinstance(node, CallNode) and node not in self._aside:
                for name in node.names():
                    inner = self._run(node.body, read, f"{prefix}{name}.", whole=True)
                    read = tuple(inner[each.value] for each in node.body.outputs)
            else:
                read = self.step(body, node, read, prefix).outputs
            values.update(zip(node.outputs, read, strict=True))
        return values

    def nodes(self, body: Body) -> tuple[Node, ...]:
        """What runs: auxiliary heads in training only."""
        return body.all_nodes if self._training else body.nodes

    def _heads(self, body: Body) -> tuple[AuxValue, ...]:
        return body.aux if self._training else ()

    # --- one node ------------------------------------------------------------------------------

    def step(self, body: Body, node: Node, read: tuple[Number, ...], prefix: str = "") -> Step:
        """What a node computes of values with these numbers."""
        match self._aside.get(node):
            case "same":
                return self._opaque(node, "aside", read, prefix + _name(node))
            case "passed" if len(read) == len(node.outputs) == 1:
                return Step(node, None, read, read)
            case "passed":
                return self._opaque(node, ("aside", id(node)), read, "")
            case None:
                pass
        match node:
            case LayerNode():
                return self._layer(body, node, read, prefix + node.name)
            case CallNode():
                meaning = ("call", self.form(node.body), node.count)
                state = prefix + node.name if self._stateful.of_body(node.body) else ""
                return self._opaque(node, meaning, read, state)
            case MergeNode():
                merge = (node.kind, node.axis, repr(node.numbers))
                return Step(node, merge, read, (self._merge(node, read),))
            case ParamNode():
                return self._tensor(node, prefix + node.name)
            case _:
                assert_never(node)

    def _tensor(self, node: ParamNode, path: str) -> Step:
        """A tensor of the body: what is carried to its path, or the numbers that it starts with."""
        if node.persistent:
            learned = node.trainable if self._training else None
            return self._opaque(node, ("param", learned), (), path)
        return self._opaque(node, ("start", node.sizes, node.start), (), _state_of(node, path))

    def _layer(self, body: Body, node: LayerNode, read: tuple[Number, ...], path: str) -> Step:
        x = body.shape_in(node)
        if node not in self._operations:
            self._operations[node] = operation(node.layer, x, training=self._training)
        meaning = self._operations[node]
        if meaning is None:
            return Step(node, None, read, read[:1])
        state = path if has_state(node.layer, x) else ""
        # Of a further value, `like=from x`, the sizes count alone.
        whole = {ref for _, ref in node.operands()}
        further = zip(node.inputs[1:], read[1:], strict=True)
        counted = (*read[:1], *(n if ref in whole else self._extent(n) for ref, n in further))
        step = replace(self._opaque(node, meaning, counted, state), inputs=read)
        if node.layer.keeps_extent(x):
            self._extents[step.outputs[0]] = self._extent(read[0])
        return step

    def _opaque(self, node: Node, meaning: Hashable, read: tuple[Number, ...], state: str) -> Step:
        """A function of its inputs and of the weights at `state`, of which nothing is known."""
        outputs = tuple(
            self._number((meaning, state, read, place)) for place in range(len(node.outputs))
        )
        return Step(node, meaning, read, outputs)

    def _merge(self, node: MergeNode, read: tuple[Number, ...]) -> Number:
        if node.kind == "concat":
            number = self._concatenate(node.axis, read)
        else:
            number, *others = self._branches(node, read)
            for other in others:  # as PyTorch computes it, from left to right
                pair = (number, other)
                if not MERGES[node.kind].ordered:
                    pair = (min(pair), max(pair))
                number = self._number((node.kind, *pair))
        extents = {self._extent(each) for each in read}
        if len(extents) == 1 and node.axis == 0:
            self._extents.setdefault(number, *extents)
        return number

    def _branches(self, node: MergeNode, read: tuple[Number, ...]) -> list[Number]:
        """What comes together, the numbers of the text among it."""
        found = list(read)
        for at, value in node.numbers:
            found.insert(at, self._number(("number", repr(float(value)))))
        return found

    def _extent(self, number: Number) -> Number:
        return self._extents.get(number, number)

    def _concatenate(self, axis: int, read: tuple[Number, ...]) -> Number:
        parts: list[Number] = []
        for number in read:
            known = self._concatenated.get(number)
            parts += known[1] if known and known[0] == axis else (number,)
        if len(parts) == 1:
            return parts[0]
        number = self._number(("concat", axis, tuple(parts)))
        self._concatenated[number] = (axis, tuple(parts))
        return number


def _name(node: Node) -> str:
    return "" if isinstance(node, MergeNode) else node.name


def _leaf_has_state(body: Body, node: Leaf) -> bool:
    if isinstance(node, LayerNode):
        return has_state(node.layer, body.shape_in(node))
    return isinstance(node, ParamNode) and bool(_state_of(node, "here"))


def _state_of(node: ParamNode, path: str) -> str:
    """The path of a tensor of which more is to be known than how it starts."""
    return "" if not node.persistent and node.values is not None else path


def count_steps(network: Network) -> int:
    """How many steps a network takes, layer by layer."""
    return fold(network, lambda body, leaf: 1, _steps)


def _steps(_: Body, parts: Sequence[Part[int]]) -> int:
    calls = (part.count * isinstance(part.node, CallNode) for part in parts)
    return sum(part.value * part.count for part in parts) + sum(calls)
