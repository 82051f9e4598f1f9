"""One run over a network with integers that carry their functions: outputs, or a refusal.

It recomputes every shape with `Layer.shape`, and asks besides what the model that was built
at the declared size asks: that weights have their sizes, and that operands of merges fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import assert_never

from archgen.analysis.sizes.forms import NotKnown
from archgen.analysis.sizes.sets import TooLarge
from archgen.analysis.sizes.symbols import Joint, Note, Size, Term, Trace, term_of
from archgen.frozen import dataclass
from archgen.layers.base import Layer, LayerFault
from archgen.network import (
    Body,
    CallNode,
    LayerNode,
    MergeNode,
    Network,
    Node,
    ParamNode,
    Ref,
)
from archgen.shapes import Shape, aligned
from archgen.text import Span

MOST_TURNS = 64  # of a repeat whose size changes from call to call
Key = tuple[tuple[tuple[Term, ...], int], ...]


class Refused(Exception):
    """Sizes that the built model does not take: where, and why."""

    def __init__(self, path: str, span: Span, message: str) -> None:
        super().__init__(message)
        self.path, self.span, self.message = path, span, message


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run: `outputs`, or why there are none.

    It is the same for all sizes at which every note holds.
    """

    trace: Trace = field(repr=False)
    notes: tuple[Note | Joint, ...]
    outputs: tuple[tuple[Term, ...], ...] | None
    refused: Refused | None
    inside: Mapping[tuple[Body, Key], Mapping[Ref, Shape]] = field(repr=False)

    @property
    def at(self) -> tuple[int, ...]:
        """The sizes of the axes that it was made at."""
        return self.trace.at

    @property
    def is_known(self) -> bool:
        return self.outputs is not None or self.refused is not None

    def values(self, body: Body, inputs: Sequence[Shape]) -> Mapping[Ref, Shape]:
        """The shapes of a body's values where it is called with these inputs, as functions too."""
        return self.inside.get((body, _key(inputs)), dict(enumerate(body.values)))

    def covers(self, at: tuple[int, ...]) -> bool:
        """Whether the run would have gone the same way at these sizes."""
        return all(
            at[note.axis] in note.sizes if isinstance(note, Note) else note.holds(at)
            for note in self.notes
        )


def run(network: Network, axes: Sequence[tuple[int, int]], at: tuple[int, ...]) -> Run:
    """The network at the sizes `at` of these axes, each an input's number and one of its axes."""
    trace = Trace(at)
    inputs = [network.body.values[ref] for ref in network.body.inputs]
    for number, (which, axis) in enumerate(axes):
        inputs[which] = inputs[which].with_size(axis, trace.of_axis(number))
    outputs, refused = None, None
    passing = _Passing(trace)
    try:
        shapes = passing.of_body(network.body, inputs, "")
        outputs = tuple(tuple(map(term_of, shape.sizes)) for shape in shapes)
    except Refused as fault:
        refused = fault
    except (NotKnown, TooLarge):
        pass
    return Run(trace, tuple(trace.notes), outputs, refused, passing.known)


class _Passing:
    """Remembers what a body makes of its inputs: equal calls are looked at once."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.known: dict[tuple[Body, Key], Mapping[Ref, Shape]] = {}

    def of_body(self, body: Body, inputs: Sequence[Shape], path: str) -> tuple[Shape, ...]:
        if not any(map(_is_open, inputs)):
            return tuple(body.values[each.value] for each in body.outputs)
        key = (body, _key(inputs))
        if key not in self.known:
            values = dict(zip(body.inputs, inputs, strict=True))
            for node in body.nodes:
                given = [values[ref] for ref in node.inputs]
                made = self.of_node(body, node, given, path)
                values.update(zip(node.outputs, made, strict=True))
            self.known[key] = values
        return tuple(self.known[key][each.value] for each in body.outputs)

    def of_node(
        self, body: Body, node: Node, inputs: Sequence[Shape], path: str
    ) -> tuple[Shape, ...]:
        declared = tuple(body.values[ref] for ref in node.outputs)
        if not any(map(_is_open, inputs)):
            return declared
        match node:
            case LayerNode():
                return self._of_layer(body, node, inputs, path + node.name)
            case CallNode():
                return self._of_call(node, inputs, f"{path}{node.name}.")
            case MergeNode():
                beside = aligned(inputs, joined=node.kind == "concat")
                return (_merged(node, beside, declared[0], path),)
            case ParamNode():
                return declared
            case _:
                assert_never(node)

    def _of_call(self, node: CallNode, inputs: Sequence[Shape], path: str) -> tuple[Shape, ...]:
        made = self.of_body(node.body, inputs, path)
        for turn in range(1, node.count):
            again = [made[0], *inputs[1:]]
            if _key(again) == _key(inputs):
                break  # the calls that are left do the same
            if turn == MOST_TURNS:
                raise NotKnown
            inputs = again
            made = self.of_body(node.body, inputs, path)
        return made

    def _of_layer(
        self, body: Body, node: LayerNode, inputs: Sequence[Shape], path: str
    ) -> tuple[Shape, ...]:
        layer, x, before = node.layer, inputs[0], body.shape_in(node)
        if len(inputs) > 1:
            further = zip(layer.values(), inputs[1:], strict=True)
            layer = layer.model_copy(update=dict(further))
        try:
            made = layer.results(x)
        except LayerFault as fault:
            raise Refused(path, node.span, fault.message) from None
        if _is_open_in_features(x):
            self._stays(node, layer, x, before, path)
        return made

    def _stays(self, node: LayerNode, layer: Layer, x: Shape, before: Shape, path: str) -> None:
        """The module was made for the features of the declared size."""
        sizes = layer.weights(x) | layer.buffers(x)
        for name, old in (node.layer.weights(before) | node.layer.buffers(before)).items():
            if not _are_equal(sizes[name], old):
                text = f"`{name}` was made for {before.channels} features, not {x.channels}"
                raise Refused(path, node.span, text)
        self.trace.forbidden = True
        try:
            written = layer.function(x)
            if written is None and not _are_equal(
                _arguments(layer, x), _arguments(node.layer, before)
            ):
                raise NotKnown
        finally:
            self.trace.forbidden = False


def _arguments(layer: Layer, x: Shape) -> tuple[object, ...]:
    call = layer.module(x)
    return tuple(each.value for each in (*call.arguments, *call.defaulted))


def _are_equal(one: Iterable[object], two: Iterable[object]) -> bool:
    """Equal numbers in equal places; asked from the first on, and noted."""
    for left, right in zip(one, two, strict=True):
        if isinstance(left, tuple) and isinstance(right, tuple):
            if not _are_equal(left, right):
                return False
        elif left != right:
            return False
    return True


# --- shapes -------------------------------------------------------------------------------------


def _key(shapes: Iterable[Shape]) -> Key:
    return tuple((tuple(map(term_of, shape.sizes)), shape.axis) for shape in shapes)


def _is_open(shape: Shape) -> bool:
    """Whether some size depends on the input's."""
    return any(isinstance(size, Size) for size in shape.sizes)


def _is_open_in_features(shape: Shape) -> bool:
    return isinstance(shape.channels, Size)


def _merged(node: MergeNode, inputs: Sequence[Shape], made: Shape, path: str) -> Shape:
    sizes = list[int]()
    for axis in range(made.rank):
        along = [shape.sizes[axis] for shape in inputs]
        if node.kind == "concat" and axis == node.axis:
            sizes.append(sum(along))
        else:
            joined = _broadcast(along, node.kind != "concat")
            if joined is None:
                text = f"`{node.kind}` of sizes {', '.join(map(str, _different(along)))}"
                raise Refused(path.rstrip("."), node.span, text)
            sizes.append(joined)
    return replace(made, sizes=tuple(sizes))


def _broadcast(sizes: Sequence[int], ones: bool) -> int | None:
    """The size of the result, or None if they differ. A plain 1 is stretched, if `ones` may be."""
    wide = [size for size in sizes if isinstance(size, Size) or size != 1 or not ones]
    if not wide:
        return 1
    for size in wide[1:]:
        if size != wide[0]:
            if ones and (size == 1 or wide[0] == 1):
                raise NotKnown  # torch would stretch it, which nobody asked for
            return None
    return wide[0]


def _different(sizes: Sequence[int]) -> Iterator[int]:
    seen = set[int]()
    for size in sizes:
        plain = int.__add__(size, 0)
        if plain not in seen:
            seen.add(plain)
            yield plain
