"""The calls of one definition, side by side, while its text is walked.

A lane is one call (or one pass of a loop in it). What all lanes share is printed once; what
they do not share must be an expression, or the calls become several classes.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archgen.backends.pytorch.plan.ir import Value
from archgen.network import (
    Applied,
    Body,
    CallNode,
    Chained,
    Chosen,
    Definition,
    Grouped,
    Looped,
    Merged,
    NamedStep,
    Passed,
    Read,
    Ref,
    Returned,
    Step,
)
from archgen.resolve.expressions import evaluate
from archgen.resolve.values import Environment
from archgen.shapes import Shape
from archgen.syntax import tree


class Split(Exception):
    """The calls cannot share a class: those with equal keys may.

    `keys` are by `id` of the call's body; `labels` say by what a class would differ.
    """

    def __init__(self, keys: Mapping[int, Hashable], labels: Mapping[Hashable, str]) -> None:
        super().__init__(keys)
        self.keys = keys
        self.labels = labels


class Unrollable(Exception):
    """The passes of a loop are too unlike for a loop in the class."""


Key = tuple[int, tuple[int, ...]]  # a call and the passes of the loops around a place


@dataclass(slots=True, eq=False)
class Lane:
    """One call at one place of the walk.

    `body` is the body or container whose nodes the place makes; `names` are the author's
    names with their values; `env` the names of the printed class with theirs; `values` the
    tensors of `body`. `position` numbers the passes of the loops around the place.
    """

    root: Body
    body: Body
    definition: Definition
    names: dict[str, object]
    env: ChainMap[str, object]
    values: ChainMap[Ref, Value]
    current: Ref
    entered: Shape
    position: tuple[int, ...] = ()

    @property
    def key(self) -> Key:
        return id(self.root), self.position

    def shape(self, ref: Ref) -> Shape:
        return self.body.values[ref]

    def concrete(self, expr: tree.Expr) -> object:
        """What an expression of the author's is worth here."""
        environment = Environment(
            names=self.names,
            scope=self.definition.scope,
            current=lambda _: self.shape(self.current),
            entered=lambda _: self.entered,
        )
        return evaluate(expr, environment)

    def inside(self, body: Body, start: Value) -> Lane:
        """The same call in a container made in place."""
        (entry,) = body.inputs
        return replace(self, body=body, values=ChainMap({entry: start}), current=entry)

    def scoped(self, definition: Definition, entered: Shape) -> Lane:
        """The same place, in the text of a synonym."""
        return replace(self, definition=definition, names={}, entered=entered)

    def in_pass(self, number: int, names: Mapping[str, object], current: Ref) -> Lane:
        """The same call in one pass of a loop."""
        return replace(
            self,
            names={**self.names, **names},
            env=self.env.new_child(),
            values=self.values.new_child(),
            current=current,
            position=(*self.position, number),
        )


Lanes = Sequence[Lane]
Steps = Sequence[Step]


def agree(
    lanes: Sequence[Lane], keys: Sequence[Hashable], labels: Mapping[Hashable, str] | None = None
) -> None:
    """Raise `Split` (or `Unrollable`, within one call) unless all keys are equal."""
    if len(set(keys)) <= 1:
        return
    by_root: dict[int, Hashable] = {}
    for lane, key in zip(lanes, keys, strict=True):
        if by_root.setdefault(id(lane.root), key) != key:
            raise Unrollable
    raise Split(by_root, labels or {})


def after(step: Step, current: Ref) -> Ref:
    """The current value after a step that began with `current`."""
    match step:
        case Applied(after=ref) | Chosen(after=ref) | Looped(after=ref):
            return ref
        case Passed(before=ref):
            return ref
        case Read(values=refs) | Returned(values=refs):
            return refs[0]
        case Merged(node=node):
            return node.outputs[0]
        case NamedStep(chain=chain):
            return after(chain, current)
        case Chained(links=steps) | Grouped(steps=steps):
            return after_all(steps, current)
        case _:
            return current


def after_all(steps: Sequence[Step], current: Ref) -> Ref:
    for step in steps:
        current = after(step, current)
    return current


def has_heads(lanes: Sequence[Lane], steps: Sequence[Step]) -> bool:
    """Whether steps make a training head, or call a block that has one: such a statement is
    written down as it is, since each head is a result under its own name."""
    for lane, step in zip(lanes, steps, strict=True):
        own = {id(aux.node) for aux in lane.body.aux}
        if any(id(node) in own or _calls_with_heads(node) for node in _made(step)):
            return True
    return False


def _calls_with_heads(node: object) -> bool:
    return isinstance(node, CallNode) and bool(node.body.heads)


def _made(step: Step) -> Iterator[object]:
    """The nodes that a step makes outside of merges, where there are no heads."""
    match step:
        case Applied(node=node):
            yield node
        case NamedStep(chain=chain):
            yield from _made(chain)
        case Chained(links=steps) | Grouped(steps=steps) | Chosen(steps=steps):
            for each in steps:
                yield from _made(each)
        case Looped(passes=passes):
            for _, each_pass in passes:
                for each in each_pass:
                    yield from _made(each)
