"""Conditions that a person asks of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from archgen.importers.values import Expr, Values, comparison
from archgen.syntax import tree


def conditions(
    parameters: Mapping[str, Values], entering: Values, leaving: Values
) -> Iterator[tuple[Expr, list[bool]]]:
    """What a person would ask: strides and channels, both before one alone."""
    atoms: list[tuple[Expr, Expr, list[bool]]] = []
    stride = parameters.get("stride")
    if stride is not None:
        atoms.append((*comparison("stride", tree.Number(1)), [each != 1 for each in stride]))
    if "out" in parameters:
        differ = [a != b for a, b in zip(entering, leaving, strict=True)]
        atoms.append((*comparison("input.channels", tree.Name(("out",))), differ))
    for (ne, eq, first), (ne2, eq2, second) in combinations(atoms, 2):
        either = [a or b for a, b in zip(first, second, strict=True)]
        yield tree.Logic("or", (ne, ne2)), either
        yield tree.Logic("and", (eq, eq2)), [not each for each in either]
    for ne, eq, holds in atoms:
        yield ne, holds
        yield eq, [not each for each in holds]
