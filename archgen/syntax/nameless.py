"""Layers that nobody named: which links of a text are called by a stem and a number.

`conv(64, 3) -> bn -> stage(basic, 64)` makes `conv1`, `bn1` and `layer1`. Whatever needs such a
number asks here: resolution, lint, and the generated source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from archgen.syntax import tree

Numbered = tree.Call | tree.Stage | tree.Seq


def stem(link: Numbered) -> str:
    """What stands before the number of a link without a name: `conv`, `layer`, `seq`."""
    match link:
        case tree.Call(function=function):
            return function.parts[-1]
        case tree.Stage():
            return "layer"
        case tree.Seq():
            return "seq"


def links_of(statement: tree.Statement) -> tuple[tree.Link, ...]:
    """The links of a statement that are numbered in the body in which it stands.

    Those of `a -> b`, `x, y = a -> b`, `x = reuse a -> b` and `x = add { ... }`. The name in
    `x = a` is for `a` itself, and `x = a -> b` is a container, which numbers its own.
    """
    match statement:
        case tree.Chain(links=links):
            return links
        case tree.Aux(named=named):
            return links_of(named)
        case tree.Named(places=places, chain=chain):
            links = chain.behind_from
            merge = len(links) == 1 and isinstance(links[0], tree.Merge)
            reuse = bool(links) and isinstance(links[0], tree.Reuse)
            return links if len(places) > 1 or merge or reuse else ()
        case _:
            return ()


def nameless(statements: Sequence[tree.Statement]) -> Iterator[Numbered | tree.If]:
    """The numbered links of a body in the order of the text, whichever sides are taken and however
    often a loop passes; and each `if`, behind those of its sides."""
    for statement in statements:
        match statement:
            case tree.If():
                for side in statement.sides:
                    yield from nameless(side.statements)
                yield statement
            case tree.For(body=body):
                yield from nameless(body.statements)
            case _:
                for link in links_of(statement):
                    if isinstance(link, tree.Merge | tree.Group):
                        yield from nameless(link.body.statements)
                    elif isinstance(link, Numbered):
                        yield link


def count(statements: Sequence[tree.Statement]) -> Counter[str]:
    """How many numbers a body spends, by stem, whichever sides are taken. Those of loops, of which
    the text does not tell how often they pass, are left out."""
    total = Counter[str]()
    for statement in statements:
        if isinstance(statement, tree.If):
            total.update(most(count(side.statements) for side in statement.sides))
        for link in links_of(statement):
            if isinstance(link, tree.Merge | tree.Group):
                total.update(count(link.body.statements))
            elif isinstance(link, Numbered):
                total[stem(link)] += 1
    return total


def most(sides: Iterable[Counter[str]]) -> Counter[str]:
    """What an `if` spends: of each stem, as many as the side that has most of it."""
    largest = Counter[str]()
    for side in sides:
        largest |= side
    return largest
