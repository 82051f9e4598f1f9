"""Layers that nobody named: where they are numbered, and whether it matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from archgen.layers.base import Layer
from archgen.network import Definition
from archgen.syntax import tree
from archgen.syntax.nameless import nameless, stem
from archgen.syntax.walk import nodes_in

Statements = Sequence[tree.Statement]


def bodies(definition: Definition) -> Iterator[Statements]:
    """The braces of a definition that number their nameless: its own, and those of submodules."""
    if definition.kind in {"block", "arch"}:
        yield definition.body.statements
    elif definition.kind == "synonym":
        yield from _submodule(definition.chain)
    for node in nodes_in(definition.body):
        if isinstance(node, tree.Named):
            yield from _submodule(node.chain)


def _submodule(chain: tree.Chain) -> Iterator[Statements]:
    match chain.behind_from:
        case (tree.Group(body=body),):
            yield body.statements


def unequal_stems(statement: tree.If) -> set[str]:
    """The stems of which one side of an `if` has more nameless than another."""
    counts = [
        Counter(stem(each) for each in nameless(side.statements) if not isinstance(each, tree.If))
        for side in statement.sides
    ]
    if statement.otherwise is None:
        counts.append(Counter())
    stems = set().union(*counts)
    return {each for each in stems if len({count[each] for count in counts}) > 1}


def weighs(link: tree.Link, scope: Mapping[str, object]) -> bool:
    """Whether a link makes keys of the `state_dict`, as far as the text tells."""
    if not isinstance(link, tree.Call):
        return isinstance(link, tree.Seq | tree.Stage)
    meaning = scope.get(link.function.text)
    if isinstance(meaning, type) and issubclass(meaning, Layer):
        return bool(meaning.weight_names)
    return isinstance(meaning, Definition)
