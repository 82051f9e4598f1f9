"""Layers that nobody named, in the order in which they take their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from archgen.frozen import dataclass
from archgen.layers import LAYERS
from archgen.layers.base import Layer
from archgen.network import Definition
from archgen.syntax import tree
from archgen.syntax.walk import nodes_in

_NO_LAYERS: Final = {
    *(("input",), ("param",), ("init",)),
    *((keyword,) for keyword, layer in LAYERS.items() if layer.skipped),
}
Statements = Sequence[tree.Statement]


@dataclass(frozen=True, slots=True)
class Nameless:
    """A layer, block, stage or `seq` that is called by its stem and its place."""

    stem: str
    link: tree.Call | tree.Seq


def bodies(definition: Definition) -> Iterator[Statements]:
    """The braces of a definition that number their nameless: its own, and those of submodules."""
    if definition.kind in {"block", "arch"}:
        yield definition.body.statements
    elif definition.kind == "synonym":
        (chain,) = definition.body.statements
        assert isinstance(chain, tree.Chain)
        yield from _submodule(chain)
    for node in nodes_in(definition.body):
        if isinstance(node, tree.Named):
            yield from _submodule(node.chain)


def _submodule(chain: tree.Chain) -> Iterator[Statements]:
    match _behind_from(chain):
        case (tree.Group(body=body),):
            yield body.statements


def nameless(statements: Statements) -> Iterator[Nameless | tree.If]:
    """The nameless of a body in the order of the text, and each `if` behind those of its sides."""
    for statement in statements:
        match statement:
            case tree.Chain(links=links):
                yield from _in_links(links)
            case tree.Named() | tree.Aux(named=tree.Named()):
                yield from _in_named(
                    statement if isinstance(statement, tree.Named) else statement.named
                )
            case tree.For(body=body):
                yield from nameless(body.statements)
            case tree.If():
                for side in sides(statement):
                    yield from nameless(side)
                yield statement


def sides(statement: tree.If) -> list[Statements]:
    """What each side of an `if` holds; nothing where there is no `else`."""
    found: list[Statements] = [arm.body.statements for arm in statement.arms]
    return [*found, statement.otherwise.statements if statement.otherwise else ()]


def unequal_stems(statement: tree.If) -> set[str]:
    """The stems of which one side of an `if` has more nameless than another."""
    counts = [
        Counter(each.stem for each in nameless(side) if isinstance(each, Nameless))
        for side in sides(statement)
    ]
    stems = set().union(*counts)
    return {stem for stem in stems if len({count[stem] for count in counts}) > 1}


def _in_links(links: Sequence[tree.Link]) -> Iterator[Nameless | tree.If]:
    for link in links:
        match link:
            case tree.Call(function=function) if function.parts not in _NO_LAYERS:
                stem = "layer" if function.parts == ("stage",) else function.parts[-1]
                yield Nameless(stem, link)
            case tree.Seq():
                yield Nameless("seq", link)
            case tree.Merge(body=body) | tree.Group(body=body):
                yield from nameless(body.statements)


def _in_named(named: tree.Named) -> Iterator[Nameless | tree.If]:
    """A name is for the one link behind it; several links make a container of their own."""
    links = _behind_from(named.chain)
    if len(named.places) > 1:
        yield from _in_links(links)
    elif len(links) == 1 and isinstance(links[0], tree.Merge):
        yield from nameless(links[0].body.statements)


def _behind_from(chain: tree.Chain) -> tuple[tree.Link, ...]:
    return chain.links[1:] if isinstance(chain.links[0], tree.From) else chain.links


def weighs(link: tree.Link, scope: Mapping[str, object]) -> bool:
    """Whether a link makes keys of the `state_dict`, as far as the text tells."""
    if isinstance(link, tree.Seq):
        return True
    if not isinstance(link, tree.Call):
        return False
    if link.function.parts == ("stage",):
        return True
    meaning = scope.get(link.function.text)
    if isinstance(meaning, type) and issubclass(meaning, Layer):
        return bool(meaning.weight_names)
    return isinstance(meaning, Definition)
