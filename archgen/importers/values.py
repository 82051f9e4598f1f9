"""Numbers of one thing in all runs, and what is written for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from archgen.importers.program import LayerCall, Share, Value
from archgen.layers.base import Auto
from archgen.syntax import tree

Expr = tree.Expr
Values = list[object]  # run by run; ABSENT where a run lacks it


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


def same(left: object, right: object) -> bool:
    """Equality that tells `True`, `1` and `1.0` apart."""
    return type(left) is type(right) and left == right


def fits(values: Values, known: Values) -> bool:
    """Whether values are these wherever they are there."""
    return all(
        value is ABSENT or same(value, other) for value, other in zip(values, known, strict=True)
    )


def channels(values: Sequence[Value]) -> object:
    """The channels of the first; of tokens those of the last axis."""
    if not values or not values[0].sizes:
        return ABSENT
    sizes = values[0].sizes
    return sizes[-1] if len(sizes) == 2 else sizes[0]


def times(value: object, factor: int) -> object:
    return value * factor if isinstance(value, int) else ABSENT


def part(value: object, factor: int) -> object:
    whole = isinstance(value, int) and value % factor == 0
    return value // factor if whole and isinstance(value, int) else ABSENT


def quotient(value: object, base: object) -> object:
    """How often a base is in a value; None where it is not a whole number of times."""
    if not isinstance(value, int) or not isinstance(base, int) or not base or value % base:
        return None
    return value // base


def usual(values: Values) -> object:
    """The most frequent value, the first of equals."""
    counts = Counter(repr(value) for value in values if value is not ABSENT)
    most = counts.most_common(1)[0][0]
    return next(value for value in values if repr(value) == most)


def comparison(name: str, other: Expr) -> tuple[Expr, Expr]:
    """`name != other` and `name == other`."""
    left = tree.Name(tuple(name.split(".")))
    return tree.Compare(left, (("!=", other),)), tree.Compare(left, (("==", other),))


def share(rate: float, number: Expr, total: int) -> Expr:
    """`0.2 * 3 / 16`."""
    return tree.Binary("/", tree.Binary("*", tree.Number(rate), number), tree.Number(total))


def written(value: object) -> Expr:
    """A value as an expression of the language."""
    match value:
        case bool():
            return tree.Boolean(value)
        case int() | float():
            return tree.Unary("-", tree.Number(-value)) if value < 0 else tree.Number(value)
        case str():
            return tree.String(value)
        case list() | tuple():
            return tree.ListOf(tuple(map(written, value)))
        case LayerCall("none"):
            return tree.Nothing()
        case LayerCall(keyword, arguments):
            name = tree.Name((keyword,))
            given = tuple(tree.Argument(key or None, written(each)) for key, each in arguments)
            return tree.Apply(name, given) if given else name
        case Share(rate, number, total):
            return share(rate, tree.Number(number), total) if number else tree.Number(0.0)
        case None:
            return tree.Nothing()
        case Auto():
            return tree.Auto()
        case _:
            raise AssertionError(value)
