"""Which activations may write over their input: a flow of data over the finished class.

Measured against PyTorch for every producer: an activation works in place only where nothing
else reads its input and the producer neither shares its memory nor needs its output again.
The input of a block never qualifies, nor what a loop carries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from archgen.backends.pytorch.plan import (
    Apply,
    Branch,
    Build,
    Choice,
    Container,
    For,
    If,
    Item,
    Loop,
    Merge,
    Module,
    One,
    Plan,
    Repeat,
    Value,
)
from archgen.backends.pytorch.reads import readers


def mark(plan: Plan) -> None:
    """Set `inplace` on every activation that may, and `fresh` on what the block returns."""
    counts = readers(plan.items)
    counts.update(id(value) for _, value in plan.outputs)
    counts.update(id(value) for aux in plan.aux for value in aux.apply.inputs)
    heads = [aux.apply for aux in plan.aux]
    _mark(plan.items, counts)
    _mark(heads, counts)
    for _, value in plan.outputs:
        value.fresh = value.fresh and counts[id(value)] == 1


def _mark(items: Sequence[Item], counts: Counter[int]) -> None:
    for item in items:
        match item:
            case Apply(child=child, inputs=inputs) if child is not None:
                _mark_module(child.module, inputs, counts, again=item.reused)
            case If(arms=arms, phis=phis):
                for _, inner in arms:
                    _mark(inner, counts)
                for phi in phis:
                    phi.value.fresh = all(side.fresh and counts[id(side)] == 1 for side in phi.arms)
            case For(items=inner):
                _mark(inner, counts)
            case Merge(branches=list() as branches):
                _mark_branches(branches, counts)


def _mark_branches(branches: Sequence[Branch], counts: Counter[int]) -> None:
    for branch in branches:
        match branch:
            case One(items=items):
                _mark(items, counts)
            case Choice(arms=arms):
                for _, inner in arms:
                    _mark_branches(inner, counts)
            case Loop(branches=inner):
                _mark_branches(inner, counts)


def _mark_module(
    module: Module, inputs: Sequence[Value], counts: Counter[int], *, again: bool
) -> None:
    match module:
        case Build(takes_inplace=True):
            (source,) = inputs
            safe = source.fresh and counts[id(source)] == 1
            module.inplace = safe and (module.inplace or not again)
        case Container(items=items, result=result, taps=taps):
            inner = readers(items)
            inner.update(id(value) for value in (result, *taps))
            _mark(items, inner)
        case Repeat(module=inner_module):
            _mark_module(inner_module, [Value()], counts, again=again)
        case _:
            pass
