"""Which activations and sums may write over their input: a flow of data over the finished class.

Measured against PyTorch for every producer: an activation works in place only where nothing
else reads its input and the producer neither shares its memory nor needs its output again.
So does a sum, over its first operand, if that has the shape of the sum. The input of a block
never qualifies, nor what a loop carries, nor what each pass of a loop reads anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from archgen.backends.pytorch.plan.dataflow import read_again, readers
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Build,
    Container,
    Gather,
    Give,
    If,
    Item,
    Merge,
    Module,
    Plan,
    Repeat,
    Value,
)
from archgen.backends.pytorch.plan.regions import given, gives, inner


def inplace(plan: Plan) -> None:
    """Set `inplace` on every activation and sum that may, and `fresh` on what the block returns."""
    counts = _counted(plan.items)
    counts.update(id(value) for _, value in plan.outputs)
    counts.update(id(value) for head in plan.own_heads for value in head.inputs)
    _mark([*plan.items, *plan.own_heads], counts)
    for _, value in plan.outputs:
        value.fresh = value.fresh and counts[id(value)] == 1


def _counted(items: Sequence[Item]) -> Counter[int]:
    """How many read each value; what several passes of a loop read counts as read again."""
    counts = readers(items)
    counts.update(id(value) for value in read_again(items))
    return counts


def _mark(items: Sequence[Item], counts: Counter[int]) -> None:
    for item in items:
        for region in inner(item):
            _mark(region, counts)
        match item:
            case Apply(child=child, inputs=inputs) if child is not None:
                _mark_module(child.module, inputs, counts, again=item.reused)
            case If(phis=phis):
                for phi in phis:
                    phi.value.fresh = _all_fresh(phi.arms, counts)
            case Merge(operands=operands):
                item.inplace = _adds_to(item, operands[:1], counts)
            case Gather():
                _mark_gather(item, counts)
            case _:
                pass


def _mark_gather(item: Gather, counts: Counter[int]) -> None:
    """The first operand may be any; and if it is the only one, it is the result."""
    results = list(given(item.items))
    first = next(each for each in item.items if gives(each))
    firsts = [first.value] if isinstance(first, Give) else results
    item.inplace = _adds_to(item, firsts, counts)
    if item.kind != "concat" and sum(isinstance(each, Give) for each in item.items) < 2:
        item.output.fresh = _all_fresh(results, counts)


def _adds_to(item: Merge | Gather, firsts: Sequence[Value], counts: Counter[int]) -> bool:
    """Whether the operands may be added to the first, which is one of `firsts`."""
    return item.kind == "add" and item.covers and _all_fresh(firsts, counts)


def _all_fresh(values: Sequence[Value], counts: Counter[int]) -> bool:
    """Whether nothing but their one reader needs the memory of any of the values."""
    return all(value.fresh and counts[id(value)] == 1 for value in values)


def _mark_module(
    module: Module, inputs: Sequence[Value], counts: Counter[int], *, again: bool
) -> None:
    match module:
        case Build(takes_inplace=True):
            (source,) = inputs
            safe = source.fresh and counts[id(source)] == 1
            module.inplace = safe and (module.inplace or not again)
        case Container(items=items, result=result, taps=taps):
            inner = _counted(items)
            inner.update(id(value) for value in (result, *taps))
            _mark(items, inner)
        case Repeat(module=inner_module):
            _mark_module(inner_module, [Value()], counts, again=again)
        case _:
            pass
