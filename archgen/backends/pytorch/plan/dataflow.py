"""Which items read and make which values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from archgen.backends.pytorch.plan.ir import (
    Apply,
    Branch,
    Choice,
    For,
    If,
    Item,
    Learned,
    Loop,
    Merge,
    One,
    Value,
)


def readers(items: Sequence[Item]) -> Counter[int]:
    """How many read each value, by its `id`."""
    return Counter(id(value) for value in _reads(items))


def _reads(items: Sequence[Item]) -> Iterator[Value]:
    for item in items:
        match item:
            case Apply(inputs=inputs):
                yield from inputs
            case Merge(branches=None, operands=operands):
                yield from operands
            case Merge(branches=list() as branches):
                yield from _branch_reads(branches)
            case If(arms=arms, phis=phis):
                for _, inner in arms:
                    yield from _reads(inner)
                for phi in phis:
                    yield from phi.arms
            case For(items=inner, before=before, start=start, end=end):
                yield from _reads(inner)
                yield from (before, start, start, end)


def _branch_reads(branches: Sequence[Branch]) -> Iterator[Value]:
    for branch in branches:
        match branch:
            case One(items, value):
                yield from _reads(items)
                yield value
            case Choice(arms=arms):
                for _, inner in arms:
                    yield from _branch_reads(inner)
            case Loop(branches=inner):
                yield from _branch_reads(inner)


def read_again(items: Sequence[Item]) -> Iterator[Value]:
    """What a loop reads from outside: each of its passes does."""
    for item in items:
        match item:
            case For(items=inner, start=start):
                yield from _from_outside(_reads(inner), [start, *values_of(inner)])
                yield from read_again(inner)
            case If(arms=arms):
                for _, inner in arms:
                    yield from read_again(inner)
            case Merge(branches=list() as branches):
                yield from _branches_read_again(branches)


def _branches_read_again(branches: Sequence[Branch]) -> Iterator[Value]:
    for branch in branches:
        match branch:
            case One(items=items):
                yield from read_again(items)
            case Choice(arms=arms):
                for _, inner in arms:
                    yield from _branches_read_again(inner)
            case Loop(branches=inner):
                yield from _from_outside(_branch_reads(inner), made_by(inner))
                yield from _branches_read_again(inner)


def _from_outside(read: Iterable[Value], made: Iterable[Value]) -> Iterator[Value]:
    inside = {id(value) for value in made}
    return (value for value in read if id(value) not in inside)


def branch_results(branches: Sequence[Branch]) -> Iterator[Value]:
    """What the branches of a merge give."""
    for branch in branches:
        match branch:
            case One(value=value):
                yield value
            case Choice(arms=arms):
                for _, inner in arms:
                    yield from branch_results(inner)
            case Loop(branches=inner):
                yield from branch_results(inner)


def values_of(items: Sequence[Item]) -> Iterator[Value]:
    """Every value that items make."""
    for item in items:
        match item:
            case Apply(outputs=outputs):
                yield from outputs
            case Merge(output=output, branches=branches):
                yield from made_by(branches or ())
                yield output
            case Learned(output=output):
                yield output
            case If(arms=arms, phis=phis):
                for _, inner in arms:
                    yield from values_of(inner)
                yield from (phi.value for phi in phis)
            case For(items=inner, result=result):
                yield from values_of(inner)
                yield result


def made_by(branches: Sequence[Branch]) -> Iterator[Value]:
    for branch in branches:
        match branch:
            case One(items=items):
                yield from values_of(items)
            case Choice(arms=arms):
                for _, inner in arms:
                    yield from made_by(inner)
            case Loop(branches=inner):
                yield from made_by(inner)


def decisions_of(items: Sequence[Item]) -> Iterator[If | Choice]:
    """Every decision among items, in each other too."""
    for item in items:
        match item:
            case If(arms=arms):
                yield item
                for _, inner in arms:
                    yield from decisions_of(inner)
            case For(items=inner):
                yield from decisions_of(inner)
            case Merge(branches=list() as branches):
                yield from decisions_among(branches)


def decisions_among(branches: Sequence[Branch]) -> Iterator[If | Choice]:
    for branch in branches:
        match branch:
            case One(items=items):
                yield from decisions_of(items)
            case Choice(arms=arms):
                yield branch
                for _, inner in arms:
                    yield from decisions_among(inner)
            case Loop(branches=inner):
                yield from decisions_among(inner)


def branch_values(branch: Branch) -> Iterator[Value]:
    match branch:
        case One(items, value):
            yield value
            yield from read_values(items)
        case Choice(arms=arms):
            for _, inner in arms:
                for each in inner:
                    yield from branch_values(each)
        case Loop(branches=inner):
            for each in inner:
                yield from branch_values(each)


def read_values(items: Sequence[Item]) -> Iterator[Value]:
    """Every value that items read."""
    for item in items:
        match item:
            case Apply(inputs=inputs):
                yield from inputs
            case Merge(operands=operands, branches=branches):
                yield from operands
                for branch in branches or ():
                    yield from branch_values(branch)
            case If(arms=arms, phis=phis):
                for _, inner in arms:
                    yield from read_values(inner)
                for phi in phis:
                    yield from phi.arms
            case For(items=inner, before=before):
                yield before
                yield from read_values(inner)
