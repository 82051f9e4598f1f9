"""A body made ready for drawing: chains spread out, repeats and parallel paths folded.

Works on *twins*: bodies that look alike and are drawn once. Knows nothing of boxes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from archgen.backends.drawing.diagram import MOST_BOXES, TooLarge
from archgen.backends.drawing.likeness import Likeness
from archgen.backends.drawing.marks import Marked, Marks, is_new
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode, Ref
from archgen.shapes import Shape

Value = int  # the number of a value in a scope
Twins = tuple[Body, ...]
FEWEST_PATHS = 3  # equal parallel paths that are worth folding


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A node of the twins, in the values of its scope. `sites` has a body and node for each."""

    path: str
    sites: tuple[tuple[Body, Node], ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    marked: Marked | None = None

    @property
    def node(self) -> Node:
        return self.sites[0][1]

    @property
    def entry(self) -> Shape:
        return self.sites[0][0].shape_in(self.node)

    @property
    def nodes(self) -> list[Node]:
        return [node for _, node in self.sites]

    @property
    def calls(self) -> tuple[CallNode, ...]:
        return tuple(node for _, node in self.sites if isinstance(node, CallNode))


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Layers one after the other, nothing else reading what is between them."""

    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """One call, or several alike one after the other."""

    operations: tuple[Operation, ...]

    @property
    def count(self) -> int:
        """How many calls there are for one of the twins."""
        return sum(operation.calls[0].count for operation in self.operations)

    @property
    def bodies(self) -> Twins:
        """The distinct ones: folds in folds call some exponentially often."""
        calls = (call for operation in self.operations for call in operation.calls)
        return tuple(dict.fromkeys(call.body for call in calls))


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Parallel paths alike, from one fork to one merge. `units` are the first of them.

    `other` is the result of the second, which stands for all that are left out.
    """

    count: int
    units: tuple[Unit, ...]
    fork: Value
    other: Value


@dataclass(frozen=True, slots=True, eq=False)
class Single:
    """A merge, or a learned parameter used as a value."""

    operation: Operation


Unit = Run | Calls | Paths | Single


@dataclass
class Scope:
    """Operations over numbered values; `shapes` has one shape of a value for each twin."""

    twins: Twins
    shapes: list[tuple[Shape, ...]] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    inputs: tuple[Value, ...] = ()
    outputs: tuple[Value, ...] = ()
    refs: dict[Ref, Value] = field(default_factory=dict)  # of the twins' own values
    gone: dict[Value, tuple[str, ...]] = field(default_factory=dict)  # what stood behind each

    @cached_property
    def readers(self) -> Counter[Value]:
        """How often each value is read."""
        reads = [ref for operation in self.operations for ref in operation.inputs]
        heads = [self.refs[ref] for aux in self.twins[0].aux for ref in aux.node.inputs]
        return Counter([*reads, *self.outputs, *heads])

    def value(self, shapes: tuple[Shape, ...]) -> Value:
        self.shapes.append(shapes)
        return len(self.shapes) - 1

    def lose(self, value: Value, captions: tuple[str, ...]) -> None:
        """Note what stood behind a value before."""
        if captions:
            self.gone[value] = tuple(dict.fromkeys((*self.gone.get(value, ()), *captions)))


Spreads = Callable[[CallNode, str], bool]


def spread(
    twins: Twins, path: str, spreads: Spreads, marks: Marks, whole: Marked | None = None
) -> Scope:
    """The operations of bodies that look alike, calls that `spreads` accepts replaced by theirs.

    whole: what the drawing of a difference says of all that is in them.
    """
    scope = Scope(twins)
    first = twins[0]
    scope.inputs = tuple(scope.value(_shapes(twins, ref)) for ref in first.inputs)
    scope.refs = _Spreading(scope, spreads, marks).body(twins, path, scope.inputs, whole)
    scope.outputs = tuple(scope.refs[output.value] for output in first.outputs)
    return scope


def _shapes(twins: Twins, ref: int) -> tuple[Shape, ...]:
    return tuple(body.values[ref] for body in twins)


@dataclass(frozen=True)
class _Spreading:
    scope: Scope
    spreads: Spreads
    marks: Marks

    def body(
        self, twins: Twins, path: str, inputs: Sequence[Value], whole: Marked | None
    ) -> dict[Ref, Value]:
        """Add the operations of `twins` to the scope; their values in it."""
        first = twins[0]
        values = dict(zip(first.inputs, inputs, strict=True))
        new = is_new(whole)
        if inputs and not new:
            self.scope.lose(inputs[0], self.marks.behind(twins))
        for place, node in enumerate(first.nodes):
            sites = tuple((body, body.nodes[place]) for body in twins)
            above = whole.within(place == 0) if whole else None
            results = self._node(sites, path, tuple(values[ref] for ref in node.inputs), above)
            if not new:
                self.scope.lose(results[0], self.marks.behind([each for _, each in sites]))
            values.update(zip(node.outputs, results, strict=True))
            if len(self.scope.operations) > MOST_BOXES:
                raise TooLarge
        return values

    def _node(
        self,
        sites: tuple[tuple[Body, Node], ...],
        path: str,
        arguments: tuple[Value, ...],
        above: Marked | None,
    ) -> tuple[Value, ...]:
        """Add a node, or what is in it; its results."""
        node = sites[0][1]
        name = path if isinstance(node, MergeNode) else f"{path}{node.name}"
        marked = self.marks.inside([each for _, each in sites], above)
        if isinstance(node, CallNode) and self.spreads(node, name):
            callees = tuple(twin.body for _, twin in sites if isinstance(twin, CallNode))
            inner = self.body(callees, f"{name}.", arguments, marked)
            return tuple(inner[output.value] for output in node.body.outputs)
        twins = tuple(body for body, _ in sites)
        results = tuple(self.scope.value(_shapes(twins, ref)) for ref in node.outputs)
        self.scope.operations.append(Operation(name, sites, arguments, results, marked))
        return results


def units(scope: Scope, likeness: Likeness, foldable: Callable[[str], bool]) -> list[Unit]:
    """What to draw, in order. A path that `foldable` refuses is not folded away."""
    return _Folding(scope, likeness, foldable).units()


_Fold = tuple[int, Value, Value]  # how many paths, from where, and the second one's result


class _Folding:
    def __init__(self, scope: Scope, likeness: Likeness, foldable: Callable[[str], bool]) -> None:
        self.scope = scope
        self.likeness = likeness
        self.foldable = foldable
        self.makers = {ref: made for made in scope.operations for ref in made.outputs}

    def units(self) -> list[Unit]:
        kept: dict[Operation, _Fold] = {}
        dropped: set[Operation] = set()
        for merge in self.scope.operations:
            for first, *others in self._alike_paths(merge):
                fold = (1 + len(others), first[0].inputs[0], others[0][-1].outputs[0])
                kept.update(dict.fromkeys(first, fold))
                dropped.update(operation for path in others for operation in path)
        remaining = [operation for operation in self.scope.operations if operation not in dropped]
        return list(self._grouped(remaining, kept))

    def _grouped(self, operations: list[Operation], kept: dict[Operation, _Fold]) -> Iterator[Unit]:
        """Folded paths stand together; the rest is joined to runs and rows of calls."""
        for key, members in groupby(operations, kept.get):
            joined = tuple(self._joined(list(members)))
            if key is None:
                yield from joined
            else:
                count, fork, other = key
                yield Paths(count, joined, fork, other)

    # --- parallel paths -------------------------------------------------------------------

    def _alike_paths(self, merge: Operation) -> Iterator[list[tuple[Operation, ...]]]:
        """Runs of adjacent operands of a merge that come from one value by paths alike."""
        if not isinstance(merge.node, MergeNode) or len(merge.inputs) < FEWEST_PATHS:
            return
        paths = [self._path_to(ref) for ref in merge.inputs]
        for key, alike in groupby(paths, self._traits):
            members = list(alike)
            if key is not None and len(members) >= FEWEST_PATHS:
                yield members

    def _path_to(self, ref: Value) -> tuple[Operation, ...]:
        """The operations between the last fork and a value, in order."""
        path: list[Operation] = []
        while self.scope.readers[ref] == 1 and ref in self.makers:
            made = self.makers[ref]
            if isinstance(made.node, MergeNode | ParamNode) or len(made.inputs) != 1:
                break
            if len(made.outputs) != 1 or not self.foldable(made.path):
                break
            path.append(made)
            ref = made.inputs[0]
        return tuple(reversed(path))

    def _traits(self, path: tuple[Operation, ...]) -> object:
        if not path:
            return None
        marked = tuple(map(self._marked, path))
        return path[0].inputs, tuple(self.likeness.trait(made.node) for made in path), marked

    # --- in a row -------------------------------------------------------------------------

    def _joined(self, operations: list[Operation]) -> Iterator[Unit]:
        row: list[Operation] = []
        for operation in operations:
            if row and not self._continues(row[-1], operation):
                yield _unit(row)
                row = []
            row.append(operation)
        if row:
            yield _unit(row)

    def _continues(self, before: Operation, after: Operation) -> bool:
        if after.inputs != before.outputs or self.scope.readers[before.outputs[0]] != 1:
            return False
        match before.node, after.node:
            case LayerNode(), LayerNode():
                return not (before.node.reused or after.node.reused)
            case CallNode(), CallNode():
                return self._alike(before, after)
            case _:
                return False

    def _marked(self, made: Operation) -> object:
        """Equal for operations of which the drawing of a difference says the same."""
        return made.marked, tuple(map(self.scope.gone.get, made.outputs))

    def _alike(self, before: Operation, after: Operation) -> bool:
        """Whether two calls can be one picture: same looks, and no change of size between."""
        if not (self.foldable(before.path) and self.foldable(after.path)):
            return False
        looks = {self.likeness.number(call.body) for made in (before, after) for call in made.calls}
        sizes = {self.scope.shapes[made.outputs[0]][0].spatial for made in (before, after)}
        reused = any(call.reused for call in (*before.calls, *after.calls))
        marked = set(map(self._marked, (before, after)))
        return len(looks) == len(sizes) == len(marked) == 1 and not reused


def _unit(row: list[Operation]) -> Unit:
    match row[0].node:
        case LayerNode():
            return Run(tuple(row))
        case CallNode():
            return Calls(tuple(row))
        case _:
            return Single(row[0])
