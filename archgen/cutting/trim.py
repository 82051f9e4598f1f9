"""A body without some of its nodes: the steps of its text follow, those left out are silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from archgen.network import (
    Applied,
    Body,
    Bound,
    CallNode,
    Chained,
    Chosen,
    Constant,
    Grouped,
    LayerNode,
    Looped,
    Merged,
    NamedStep,
    Node,
    ParamNode,
    Passed,
    Read,
    Ref,
    Returned,
    Silent,
    Step,
)

Steps = tuple[Step, ...]


def trimmed(body: Body, kept: Mapping[int, Node]) -> Body:
    """The body with those of its nodes that are kept, each by `id` with what it becomes."""
    nodes = tuple(kept[id(node)] for node in body.nodes if id(node) in kept)
    alive = {*body.inputs, *(ref for node in kept.values() for ref in node.outputs)}
    steps = trimmed_steps(body.steps, kept, alive, body.inputs[0])
    names = {name: ref for name, ref in body.names.items() if ref in alive}
    return replace(body, nodes=nodes, steps=steps, names=names)


def trimmed_steps(
    steps: Steps, kept: Mapping[int, Node], alive: set[Ref], start: Ref, *, results: bool = False
) -> Steps:
    """What is left of the steps of a body that begins with `start`; of its `output` too, if its
    results stay."""
    return _Trim(kept, alive, start, results).all(steps)


class _Trim:
    """Walks the steps in order; `current` is the value that the next of them begins with."""

    def __init__(
        self, kept: Mapping[int, Node], alive: set[Ref], start: Ref, results: bool
    ) -> None:
        self.kept = kept
        self.results = results
        self.alive = alive
        self.current = start

    def all(self, steps: Sequence[Step]) -> Steps:
        return tuple(self.step(step) for step in steps)

    def step(self, step: Step) -> Step:
        """What is left of a step; silent where all that it made is gone."""
        left = self._left(step)
        return Silent() if _makes(step) and not _makes(left) else left

    def _left(self, step: Step) -> Step:
        match step:
            case Applied():
                return self._applied(step)
            case Passed():
                return Passed(self._at(step.before))
            case Read():
                return self._read(step)
            case Chained():
                return Chained(self.all(step.links))
            case Grouped():
                return Grouped(self.all(step.steps))
            case Merged():
                return self._merged(step)
            case NamedStep():
                return self._named(step)
            case Chosen():
                before = self._at(step.before)
                return Chosen(step.arm, self.all(step.steps), before, self.current)
            case Looped():
                return self._looped(step)
            case Returned():
                return step if self.results else Silent()
            case Bound() | Constant() | Silent():
                return step
            case _:
                assert_never(step)

    def _at(self, before: Ref) -> Ref:
        """Go to a value, if it is still there."""
        if before in self.alive:
            self.current = before
        return self.current

    def _applied(self, step: Applied) -> Step:
        node = self.kept.get(id(step.node))
        if node is None:
            return Silent()
        assert isinstance(node, LayerNode | CallNode | ParamNode)
        self.current = step.after if step.after in node.outputs else node.outputs[0]
        return Applied(node, step.before, self.current)

    def _read(self, step: Read) -> Step:
        if not self.alive.issuperset(step.values):
            return Silent()
        self.current = step.values[0]
        return step

    def _merged(self, step: Merged) -> Step:
        """A merge, or what is left of its branches."""
        base = self._at(step.before)
        inner = []
        for each in step.steps:
            self.current = base
            inner.append(self.step(each))
        if id(step.node) not in self.kept:
            self.current = base
            return Grouped(tuple(inner))
        self.current = step.node.outputs[0]
        return Merged(step.node, base, tuple(inner))

    def _named(self, step: NamedStep) -> Step:
        chain = self.step(step.chain)
        values = tuple(ref for ref in step.values if ref in self.alive)
        if not values and isinstance(chain, Silent):
            return chain
        names = step.names
        if len(names) == len(step.values):  # else one name holds them all
            pairs = zip(names, step.values, strict=True)
            names = tuple(name for name, ref in pairs if ref in self.alive)
        return NamedStep(chain, names, values)

    def _looped(self, step: Looped) -> Step:
        """The passes up to the last that makes something."""
        before = self._at(step.before)
        after = before
        passes: list[tuple[tuple[object, ...], Steps]] = []
        count = 0
        for values, steps in step.passes:
            passes.append((values, self.all(steps)))
            if any(map(_makes, passes[-1][1])):
                count, after = len(passes), self.current
        if not count and any(_makes(each) for _, steps in step.passes for each in steps):
            return Silent()
        self.current = after
        return Looped(tuple(passes[: count or len(passes)]), before, after)


def _makes(step: Step) -> bool:
    """Whether a step makes a node."""
    return isinstance(step, Applied | Merged) or any(map(_makes, _inside(step)))


def _inside(step: Step) -> Iterator[Step]:
    match step:
        case Chained(links=steps) | Grouped(steps=steps) | Chosen(steps=steps):
            yield from steps
        case NamedStep(chain=chain):
            yield chain
        case Looped(passes=passes):
            for _, steps in passes:
                yield from steps
        case _:
            pass
