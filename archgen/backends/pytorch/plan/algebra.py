"""Expressions as symbols: substituted, folded, evaluated. Knows no Python text and no networks.

Expressions are those of the language (`tree.Expr`) over the names of the printed class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial, reduce
from typing import get_args

from archgen.backends.pytorch.plan.names import LOCALS, Names
from archgen.backends.pytorch.plan.sums import is_integer, merged_sum
from archgen.diagnostics import Fault
from archgen.resolve.expressions import evaluate
from archgen.resolve.functions import FUNCTIONS
from archgen.resolve.values import Budget, Environment, Items
from archgen.syntax import tree

Expr = tree.Expr
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in get_args(Expr)}
Literal = tree.Number | tree.String | tree.Boolean | tree.Nothing

LARGEST = 12  # nodes of an expression that is printed where it is used


class Opaque(Exception):
    """An expression that cannot be written with the names of the printed class."""


class Missing(Exception):
    """An expression that has no value in an environment."""


# --- constants ------------------------------------------------------------------------------


def is_plain(value: object) -> bool:
    """Whether a value can stand in a source as a constant."""
    if isinstance(value, tuple | list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, int | float | str)


def constant(value: object) -> Expr:
    """The literal of a plain value."""
    match value:
        case bool():
            return tree.Boolean(value)
        case int() | float():
            return tree.Number(value)
        case str():
            return tree.String(value)
        case tuple() | list():
            return tree.ListOf(tuple(map(constant, value)))
        case None:
            return tree.Nothing()
        case _:
            raise Opaque


def common(values: Sequence[object]) -> Expr | None:
    """The literal of values that are all the same."""
    alike = is_plain(values[0]) and all(same(value, values[0]) for value in values)
    return constant(values[0]) if alike else None


def is_condition(expr: Expr) -> bool:
    """Whether an expression is a boolean by its form."""
    match expr:
        case tree.Compare() | tree.Logic() | tree.Boolean() | tree.Unary("not"):
            return True
        case _:
            return False


def is_constant(expr: Expr) -> bool:
    if isinstance(expr, tree.ListOf):
        return all(map(is_constant, expr.items))
    return isinstance(expr, Literal)


def same(left: object, right: object) -> bool:
    """Equality of plain values that tells `True`, `1` and `1.0` apart."""
    if isinstance(left, tuple | list) and isinstance(right, tuple | list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


# --- substitution ---------------------------------------------------------------------------


def substitute(expr: Expr, meaning: Callable[[str], Expr]) -> Expr:
    """The expression with every name replaced. Raises `Opaque` where that cannot be done."""
    go = partial(substitute, meaning=meaning)
    match expr:
        case tree.Name():
            return meaning(expr.text)
        case tree.Value():
            raise Opaque
        case tree.Apply(function, arguments):
            if function.text not in FUNCTIONS:
                raise Opaque
            return tree.Apply(function, tuple(replace(a, value=go(a.value)) for a in arguments))
        case tree.Comprehension():
            return _comprehension(expr, meaning)
        case tree.Template(parts):
            return tree.Template(tuple(p if isinstance(p, str) else go(p) for p in parts))
        case _:
            return rebuild(expr, go)


def _comprehension(expr: tree.Comprehension, meaning: Callable[[str], Expr]) -> Expr:
    """Its own names are spelled so that they hide neither Python's nor what the others mean."""
    parts = [expr.element] if expr.condition is None else [expr.element, expr.condition]
    free = {name for part in parts for name in names_in(part)}.difference(expr.names)
    taken = Names({*LOCALS, *(inner for name in free for inner in names_in(meaning(name)))})
    own = {name: taken.claim_underscored(name) for name in expr.names}

    def inner(name: str) -> Expr:
        return tree.Name((own[name],)) if name in own else meaning(name)

    return tree.Comprehension(
        substitute(expr.element, inner),
        tree.renamed(expr.targets, iter([own[name] for name in expr.names])),
        substitute(expr.iterable, meaning),
        None if expr.condition is None else substitute(expr.condition, inner),
    )


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The same expression with its direct operands changed."""
    match expr:
        case tree.Compare(first, rest):
            return tree.Compare(change(first), tuple((op, change(e)) for op, e in rest))
        case tree.Apply(function, arguments):
            return tree.Apply(function, tuple(replace(a, value=change(a.value)) for a in arguments))
        case tree.Template(parts):
            return tree.Template(tuple(p if isinstance(p, str) else change(p) for p in parts))
    changes: dict[str, object] = {}
    for name in _FIELDS[type(expr)]:
        part = getattr(expr, name)
        if isinstance(part, Expr):
            changes[name] = change(part)
        elif name in {"items", "operands"}:
            changes[name] = tuple(map(change, part))
    return replace(expr, **changes) if changes else expr  # type: ignore[arg-type]


def operands(expr: Expr) -> Sequence[Expr]:
    """The direct operands of an expression."""
    match expr:
        case tree.Number() | tree.Name() | tree.String() | tree.Boolean():
            return ()
        case tree.Binary(_, left, right):
            return (left, right)
        case tree.Compare(first, rest):
            return (first, *(operand for _, operand in rest))
        case tree.Apply(_, arguments):
            return [argument.value for argument in arguments]
        case tree.Template(parts):
            return [part for part in parts if not isinstance(part, str)]
        case tree.ListOf(items) | tree.Logic(_, items):
            return items
        case _:
            found = (getattr(expr, name) for name in _FIELDS[type(expr)])
            return [part for part in found if isinstance(part, Expr)]


def names_in(expr: Expr) -> list[str]:
    """Every name that an expression reads, in order."""
    match expr:
        case tree.Name():
            return [expr.text]
        case tree.Comprehension(element, _, iterable, condition):
            inner = [*names_in(element), *(names_in(condition) if condition else ())]
            return [*(name for name in inner if name not in expr.names), *names_in(iterable)]
        case _:
            found: list[str] = []
            for part in operands(expr):
                found += names_in(part)
            return found


def size(expr: Expr) -> int:
    return 1 + sum(map(size, operands(expr)))


# --- evaluation -----------------------------------------------------------------------------


def value_of(expr: Expr, names: Mapping[str, object], work: Budget | None = None) -> object:
    """What an expression is worth. Raises `Missing` if it is worth nothing."""
    try:
        return evaluate(expr, Environment(names=names, budget=work or Budget()))
    except Fault as fault:
        raise Missing from fault


# --- folding --------------------------------------------------------------------------------


Test = Callable[[Expr], bool]


def _always(_: Expr) -> bool:
    return True


def fold(expr: Expr, integral: Test = _always) -> Expr:
    """The expression with constants computed and sums merged; all else as it was written.

    `integral` says whether a sum or quotient is one of integers: others are left as they are, since
    floats add up to something else in another order, and lists and strings have one.
    """
    if isinstance(expr, tree.Comprehension):
        computed = _computed(expr) if not list(names_in(expr)) else expr
        return computed if size(computed) <= LARGEST else expr
    folded = rebuild(expr, lambda part: fold(part, integral))
    match folded:
        case tree.Logic():
            return _fold_logic(folded)
        case tree.Compare(first, ((op, second),)) if first == second:
            return tree.Boolean(op in {"==", "<=", ">="})
        case tree.Choose(value, tree.Boolean(holds), otherwise):
            return value if holds else otherwise
        case tree.Index(tree.ListOf(items), tree.Number(int(at))) if -len(items) <= at < len(items):
            return items[at]
        case tree.Index(
            tree.Index(tree.Apply(tree.Name(("zip",)), lists), row), tree.Number(int(at))
        ) if 0 <= at < len(lists):
            return fold(tree.Index(lists[at].value, row), integral)
        case tree.Index(
            tree.Index(tree.Apply(tree.Name(("enumerate",)), (items,)), row), tree.Number(1)
        ):
            return fold(tree.Index(items.value, row), integral)
        case tree.Apply(tree.Name(("len",)), (tree.Argument(None, tree.ListOf(items)),)):
            return tree.Number(len(items))
        case tree.Template(parts):
            return _fold_template(parts)
        case tree.ListOf() | tree.Name() | tree.Number() | tree.Apply(tree.Name(("range",))):
            return folded
    if all(map(is_constant, operands(folded))):
        return _computed(folded)
    return _simplified(folded, integral) if isinstance(folded, tree.Binary) else folded


def _computed(expr: Expr) -> Expr:
    try:
        return constant(value_of(expr, {}))
    except (Missing, Opaque):
        return expr


def _fold_logic(expr: tree.Logic) -> Expr:
    """`true and x` is whether `x` holds; `false and x` is `false`."""
    ends = expr.op == "or"
    left: list[Expr] = []
    for operand in expr.operands:
        if is_constant(operand):
            if bool(value_of(operand, {})) is ends:
                left.append(tree.Boolean(ends))
                break
            continue
        left.append(operand)
    if not left or left[0] == tree.Boolean(ends):
        return tree.Boolean(ends if left else not ends)
    alone = len(left) == 1 and is_condition(left[0])
    return left[0] if alone else tree.Logic(expr.op, tuple(left))


def _fold_template(parts: tuple[str | Expr, ...]) -> Expr:
    merged: list[str | Expr] = []
    for part in parts:
        text = part
        if isinstance(part, tree.Number | tree.String):
            text = str(part.value)
        if isinstance(text, str) and merged and isinstance(merged[-1], str):
            merged[-1] += text
        elif text != "":
            merged.append(text)
    if all(isinstance(part, str) for part in merged):
        return tree.String("".join(map(str, merged)))
    return tree.Template(tuple(merged))


def _simplified(expr: tree.Binary, integral: Test) -> Expr:
    one, zero = tree.Number(1), tree.Number(0)
    match expr.op, expr.left, expr.right:
        case ("*", left, right) if left == one and is_integer(left):
            return right
        case ("*" | "**", left, right) if right == one and is_integer(right):
            return left
        case ("+" | "-", left, right) if right == zero and is_integer(right):
            return left
        case ("+", left, right) if left == zero and is_integer(left):
            return right
        case _:
            merged = _merged(expr)
            return merged if merged == expr or integral(expr) else expr


def _merged(expr: tree.Binary) -> Expr:
    """A sum, product or quotient of integers with what occurs twice merged."""
    match expr.op, expr.left, expr.right:
        case ("//", left, right) if right == tree.Number(1) and is_integer(right):
            return left
        case ("*", tree.Number(int(by)), tree.Binary("*", tree.Number(int(times)), atom)):
            return tree.Binary("*", tree.Number(by * times), atom)
        case ("//", tree.Binary("*", atom, factor), right) if factor == right:
            return expr if factor == tree.Number(0) else atom
        case ("+" | "-", _, _):
            return merged_sum(expr)
    return expr


_ROUNDING = {"int", "round", "ceil", "floor", "divisible"}


def assuming(expr: Expr, known: Mapping[Expr, bool], integral: Test = _always) -> Expr:
    """The expression where these conditions hold, or do not."""
    match expr:
        case tree.Comprehension():
            return expr
        case tree.Choose(value, test, otherwise) if test in known:
            return assuming(value if known[test] else otherwise, known, integral)
        case _:
            made = rebuild(expr, lambda part: assuming(part, known, integral))
            return expr if made == expr else fold(made, integral)


def simpler(expr: Expr) -> Iterator[Expr]:
    """What an expression may be worth where more is known than it says: one side of a choice, a
    number that is not rounded."""
    match expr:
        case tree.Choose(value, _, otherwise):
            yield from (value, otherwise)
        case tree.Apply(tree.Name((name,)), (tree.Argument(None, inner), *_)) if name in _ROUNDING:
            yield from (inner, *simpler(inner))
        case tree.Binary("*", left, tree.Number(1.0)):
            yield left
        case _:
            pass
    parts = list(operands(expr))
    for at, part in enumerate(parts):
        for each in simpler(part):
            yield _with_operands(expr, [*parts[:at], each, *parts[at + 1 :]])


def plainer(expr: Expr, constant: Expr | None, holds: Test) -> Expr:
    """What an expression may be replaced by where its value is known: a short constant, else
    something simpler that `holds`."""
    if constant is not None and size(constant) <= LARGEST:
        return constant
    for candidate in simpler(expr):
        if holds(candidate):
            return plainer(candidate, None, holds)
    return expr


def computed(expr: Expr, tables: Mapping[str, object], work: Budget | None = None) -> Expr:
    """The expression with what constant lists alone decide computed: `sum(depths) - 1`."""
    if not tables or isinstance(expr, tree.Name | tree.Comprehension):
        return expr
    names = set(names_in(expr))
    if names and names <= tables.keys():
        value = value_of(expr, tables, work)
        if isinstance(value, int | float | str):
            return constant(value)
    return fold(rebuild(expr, lambda part: computed(part, tables, work)), _never)


def _never(_: Expr) -> bool:
    return False


def _with_operands(expr: Expr, parts: Iterable[Expr]) -> Expr:
    given = iter(parts)
    return rebuild(expr, lambda _: next(given))


# --- sums -----------------------------------------------------------------------------------


def total(summands: Iterable[Expr]) -> Expr:
    """The sum, equal summands counted."""
    return fold(reduce(lambda left, right: tree.Binary("+", left, right), summands))


def difference(after: Expr, before: Expr) -> Expr:
    """`after - before`, equal summands cancelled."""
    return fold(tree.Binary("-", after, before))


def as_items(value: object) -> object:
    """A tuple as the language's list, so that expressions can read it."""
    if isinstance(value, tuple | list) and not isinstance(value, Items):
        return Items(map(as_items, value))
    return value
