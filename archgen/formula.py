"""Numbers by their position, as an expression: what a buffer or parameter holds from the start.

`[[abs(i - j) for j in range(49)] for i in range(49)]` is closed: it names its loops and nothing
else, so that it is the same wherever it is written. Sizes and bounds are known without torch.
"""

from __future__ import annotations

from archgen.frozen import dataclass
from archgen.shapes import Kind
from archgen.syntax import tree

LOOPS = "ijkmnp"  # what the loops of a formula are called, from the outside in
# Functions of one number that a formula may call, and whether the result is an integer.
ROUNDING = frozenset({"floor", "ceil", "int", "round"})
SMOOTH = frozenset({"sqrt", "log", "log2", "sin", "cos", "exp"})


@dataclass(frozen=True, slots=True)
class Formula:
    """`expr` is lists and comprehensions of numbers; `text` is how it is written.

    bounds: the least and the largest number, if they are integers.
    """

    text: str
    expr: tree.Expr
    sizes: tuple[int, ...]
    kind: Kind
    bounds: tuple[int, int] | None = None


def kind_in(expr: tree.Expr) -> Kind:
    """The kind of a number that an expression over loops is worth."""
    match expr:
        case tree.Number(value):
            return "float" if isinstance(value, float) else "index"
        case tree.Name():
            return "index"
        case tree.Boolean() | tree.Compare() | tree.Logic() | tree.Unary("not"):
            return "bool"
        case tree.Unary(_, operand):
            return kind_in(operand)
        case tree.Binary("/"):
            return "float"
        case tree.Binary(_, left, right):
            return joined((kind_in(left), kind_in(right)))
        case tree.Choose(value, _, otherwise):
            return joined((kind_in(value), kind_in(otherwise)))
        case tree.Apply(tree.Name((name,)), arguments):
            if name in ROUNDING:
                return "index"
            kinds = tuple(kind_in(argument.value) for argument in arguments)
            return "float" if name in SMOOTH else joined(kinds)
        case tree.ListOf(items):
            return joined(tuple(map(kind_in, items)))
        case tree.Comprehension(element=element):
            return kind_in(element)
        case _:
            raise AssertionError(expr)


def joined(kinds: tuple[Kind, ...]) -> Kind:
    """The kind of numbers that stand together: a float beside an integer makes floats of both."""
    if len(set(kinds)) == 1:
        return kinds[0]
    return "float" if "bool" not in kinds else "bool"
