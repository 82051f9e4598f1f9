"""How often each value of a class is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from archgen.backends.pytorch.plan.ir import For, Item, Value
from archgen.backends.pytorch.plan.regions import everything, makes, reads


def read_values(items: Sequence[Item]) -> Iterator[Value]:
    """Every value that items read, as often as they do."""
    return (value for item in everything(items) for value in reads(item))


def made_values(items: Sequence[Item]) -> Iterator[Value]:
    """Every value that items make."""
    return (value for item in everything(items) for value in makes(item))


def readers(items: Sequence[Item]) -> Counter[int]:
    """How many read each value, by its `id`."""
    return Counter(map(id, read_values(items)))


def read_again(items: Sequence[Item]) -> Iterator[Value]:
    """What loops read from outside: each of their passes does."""
    for loop in everything(items):
        if isinstance(loop, For):
            inside = set(map(id, made_values(loop.items)))
            if loop.carry is not None:
                inside.add(id(loop.carry.start))
            yield from (value for value in read_values(loop.items) if id(value) not in inside)
