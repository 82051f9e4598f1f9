"""Which kinds of values an expression can have, and whether Python would evaluate it equally.

Python means what the language means by almost every operator. Where it does not, the printed form
differs (`bool(a and b)`, `tuple(zip(...))`), or the kinds of the operands decide: `True == 1`
holds in Python only, `min(n)` needs a list there. Knows no networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import pairwise

from archgen.backends.pytorch.plan.algebra import Expr, operands, rebuild
from archgen.frozen import dataclass
from archgen.layers.base import AUTO
from archgen.syntax import tree

LONGEST_ROW = 8  # items of a list whose kinds are told one by one


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a value may be: `atoms` of `bool int float str none auto`, or a list of `items`.

    `row`: the kinds by position, where every list has this length. No kinds at all: nothing is
    known to come here, as for the items of an empty list.
    """

    atoms: frozenset[str] = frozenset()
    items: Kinds | None = None
    row: tuple[Kinds, ...] | None = None

    @property
    def only_lists(self) -> bool:
        return self.items is not None and not self.atoms

    @property
    def numbers(self) -> Kinds:
        return Kinds(self.atoms & NUMBERS)


NUMBERS = frozenset({"int", "float"})
NOTHING = Kinds()
Names = Callable[[str], Kinds]


def _atom(name: str) -> Kinds:
    return Kinds(frozenset({name}))


BOOL, INT, FLOAT, STRING = map(_atom, ("bool", "int", "float", "str"))
NONE, AUTOMATIC = _atom("none"), _atom("auto")


def list_of(items: Kinds, row: tuple[Kinds, ...] | None = None) -> Kinds:
    return Kinds(items=items, row=row)


def union(kinds: Iterable[Kinds]) -> Kinds:
    """What one of several values may be."""
    return reduce(_join, kinds, NOTHING)


def _join(left: Kinds, right: Kinds) -> Kinds:
    if left == right:
        return left
    atoms = left.atoms | right.atoms
    if left.items is None or right.items is None:
        known = left if right.items is None else right
        return Kinds(atoms, known.items, known.row)
    row = None
    if left.row is not None and right.row is not None and len(left.row) == len(right.row):
        row = tuple(map(_join, left.row, right.row))
    return Kinds(atoms, _join(left.items, right.items), row)


def kinds_of(value: object) -> Kinds:
    """The kinds of a plain value."""
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
        case str():
            return STRING
        case None:
            return NONE
        case tuple() | list():
            return _row([kinds_of(item) for item in value])
        case _ if value is AUTO:
            return AUTOMATIC
        case _:
            raise AssertionError(value)


def _row(items: Sequence[Kinds]) -> Kinds:
    return list_of(union(items), tuple(items) if len(items) <= LONGEST_ROW else None)


# --- expressions ------------------------------------------------------------------------------


def infer(expr: Expr, names: Names) -> Kinds:
    """The kinds of an expression that has a value."""
    match expr:
        case tree.Number(value) | tree.Boolean(value) | tree.String(value):
            return kinds_of(value)
        case tree.Nothing():
            return NONE
        case tree.Auto():
            return AUTOMATIC
        case tree.Name():
            return names(expr.text)
        case tree.Template():
            return STRING
        case tree.ListOf(items):
            return _row([infer(item, names) for item in items])
        case tree.Comprehension():
            return list_of(infer(expr.element, _inside(expr, names)))
        case tree.Index(base, index):
            return _item(infer(base, names), index)
        case tree.Slice(base):
            found = infer(base, names)
            return Kinds(found.atoms, found.items)
        case tree.Compare() | tree.Logic() | tree.Unary("not"):
            return BOOL
        case tree.Unary(_, operand):
            return infer(operand, names).numbers
        case tree.Binary(op, left, right):
            return _binary(op, infer(left, names), infer(right, names))
        case tree.Choose(value, _, otherwise):
            return _join(infer(value, names), infer(otherwise, names))
        case tree.Apply(function, arguments):
            return _applied(function.text, [infer(each.value, names) for each in arguments])
        case _:
            raise AssertionError(expr)


def _inside(expr: tree.Comprehension, names: Names) -> Names:
    """The names of a comprehension, as its element and condition read them."""
    items = infer(expr.iterable, names).items or NOTHING
    bound = {expr.names[0]: items}
    if len(expr.names) > 1:
        row = items.row or ()
        parts = row if len(row) == len(expr.names) else [items.items or NOTHING] * len(expr.names)
        bound = dict(zip(expr.names, parts, strict=True))
    return lambda name: bound[name] if name in bound else names(name)


def _item(base: Kinds, index: Expr) -> Kinds:
    if base.row is not None and isinstance(index, tree.Number) and isinstance(index.value, int):
        inside = -len(base.row) <= index.value < len(base.row)
        found = base.row[index.value] if inside else NOTHING
    else:
        found = base.items or NOTHING
    return _join(found, STRING) if "str" in base.atoms else found


def _binary(op: str, left: Kinds, right: Kinds) -> Kinds:
    lists = union(Kinds(items=each.items) for each in (left, right) if each.items is not None)
    texts = left.atoms & right.atoms & {"str"} if op == "+" else frozenset[str]()
    return _join(Kinds(texts | _number(op, left.atoms, right.atoms)), lists)


def _number(op: str, left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    """The kinds of a number made of two: an integer of integers, but for a quotient or root."""
    if not (left & NUMBERS and right & NUMBERS):
        return frozenset()
    found = {"float"} if (left | right) & {"float"} or op in {"/", "**"} else set[str]()
    if op != "/" and "int" in left and "int" in right:
        found.add("int")
    return frozenset(found)


_INTEGERS = {"len", "floor", "ceil", "int", "divisible"}


def _applied(function: str, given: Sequence[Kinds]) -> Kinds:
    first = given[0] if given else NOTHING
    match function:
        case "range":
            return list_of(INT)
        case _ if function in _INTEGERS:
            return INT
        case "round":
            return INT if len(given) == 1 else _join(first.numbers, INT)
        case "abs":
            return first.numbers
        case "sum":
            return _join((first.items or NOTHING).numbers, INT)
        case "min" | "max":
            return union(each.numbers for each in (*given, first.items or NOTHING))
        case "zip":
            return list_of(_row([each.items or NOTHING for each in given]))
        case "enumerate":
            return list_of(_row([INT, first.items or NOTHING]))
        case _:
            return FLOAT


# --- what Python makes of it ------------------------------------------------------------------


def is_same_in_python(expr: Expr, names: Names) -> bool:
    """Whether the printed expression has the language's value, whatever values of these kinds the
    names have."""
    match expr:
        case tree.Auto() | tree.Value():
            return False
        case tree.Comprehension():
            inner = _inside(expr, names)
            parts = [expr.element] if expr.condition is None else [expr.element, expr.condition]
            known = all(is_same_in_python(part, inner) for part in parts)
            return known and is_same_in_python(expr.iterable, names)
        case tree.Compare():
            if any(map(_confused, *zip(*_equated(expr, names), strict=True))):
                return False
        case tree.Apply(tree.Name(("min" | "max",)), (tree.Argument(None, only),)):
            if not infer(only, names).only_lists:
                return False
        case _:
            pass
    return all(is_same_in_python(part, names) for part in operands(expr))


def _equated(expr: tree.Compare, names: Names) -> Iterator[tuple[Kinds, Kinds]]:
    """The kinds on both sides of every `==` and `!=`."""
    yield NOTHING, NOTHING
    parts = [expr.first, *(operand for _, operand in expr.rest)]
    for (left, right), (op, _) in zip(pairwise(parts), expr.rest, strict=True):
        if op in {"==", "!="}:
            yield infer(left, names), infer(right, names)


def _confused(left: Kinds, right: Kinds) -> bool:
    """Whether a boolean may be compared with a number: in Python they can be equal."""
    for one, other in ((left, right), (right, left)):
        if "bool" in one.atoms and other.atoms & NUMBERS:
            return True
    if left.row is not None and right.row is not None:
        return len(left.row) == len(right.row) and any(map(_confused, left.row, right.row))
    return _confused(left.items, right.items) if left.items and right.items else False


def settled(expr: Expr, names: Names) -> Expr:
    """The expression with comparisons decided that the kinds of the operands decide."""
    match expr:
        case tree.Comprehension():
            inner = _inside(expr, names)
            condition = None if expr.condition is None else settled(expr.condition, inner)
            element = settled(expr.element, inner)
            return tree.Comprehension(element, expr.names, settled(expr.iterable, names), condition)
        case tree.Compare(first, (("==" | "!=" as op, second),)):
            if _distinct(infer(first, names), infer(second, names)):
                return tree.Boolean(op == "!=")
    return rebuild(expr, lambda part: settled(part, names))


def _distinct(left: Kinds, right: Kinds) -> bool:
    """Whether values of these kinds are never equal in the language."""
    both_numbers = left.atoms & NUMBERS and right.atoms & NUMBERS
    both_lists = left.items is not None and right.items is not None
    known = left != NOTHING and right != NOTHING
    return known and not (left.atoms & right.atoms or both_numbers or both_lists)


def asks_for_kinds(expr: Expr) -> bool:
    """Whether the kinds of names can matter to Python's reading of an expression at all."""
    match expr:
        case tree.Auto() | tree.Value():
            return True
        case tree.Compare(_, rest) if any(op in {"==", "!="} for op, _ in rest):
            return True
        case tree.Apply(tree.Name(("min" | "max",)), (_,)):
            return True
        case _:
            return any(map(asks_for_kinds, operands(expr)))


def is_integral(expr: Expr, names: Names) -> bool:
    """Whether an expression is an integer: sums of floats must not be put in another order."""
    return infer(expr, names) == INT
