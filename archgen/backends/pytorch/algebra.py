"""Expressions as symbols: substituted, folded, evaluated. Knows no Python text and no networks.

Expressions are those of the language (`tree.Expr`) over the names of the printed class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from functools import partial, reduce

from archgen.diagnostics import Fault
from archgen.resolve.expressions import evaluate
from archgen.resolve.functions import FUNCTIONS
from archgen.resolve.values import Environment, Items
from archgen.syntax import tree

Expr = tree.Expr
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
    def inner(name: str) -> Expr:
        return tree.Name((name,)) if name in expr.names else meaning(name)

    return tree.Comprehension(
        substitute(expr.element, inner),
        expr.names,
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
    for field in fields(expr):
        part = getattr(expr, field.name)
        if isinstance(part, Expr):
            changes[field.name] = change(part)
        elif field.name in {"items", "operands"}:
            changes[field.name] = tuple(map(change, part))
    return replace(expr, **changes) if changes else expr  # type: ignore[arg-type]


def operands(expr: Expr) -> Iterator[Expr]:
    """The direct operands of an expression."""
    found: list[Expr] = []

    def note(part: Expr) -> Expr:
        found.append(part)
        return part

    rebuild(expr, note)
    return iter(found)


def names_in(expr: Expr) -> Iterator[str]:
    """Every name that an expression reads, in order."""
    if isinstance(expr, tree.Name):
        yield expr.text
        return
    bound = expr.names if isinstance(expr, tree.Comprehension) else ()
    for part in operands(expr):
        yield from (name for name in names_in(part) if name not in bound)


def size(expr: Expr) -> int:
    return 1 + sum(map(size, operands(expr)))


# --- evaluation -----------------------------------------------------------------------------


def value_of(expr: Expr, names: Mapping[str, object]) -> object:
    """What an expression is worth. Raises `Missing` if it is worth nothing."""
    try:
        return evaluate(expr, Environment(names=names))
    except Fault as fault:
        raise Missing from fault


# --- folding --------------------------------------------------------------------------------


def fold(expr: Expr) -> Expr:
    """The expression with constants computed and sums merged; all else as it was written."""
    if isinstance(expr, tree.Comprehension):
        computed = _computed(expr) if not list(names_in(expr)) else expr
        return computed if size(computed) <= LARGEST else expr
    folded = rebuild(expr, fold)
    match folded:
        case tree.Logic():
            return _fold_logic(folded)
        case tree.Compare(first, ((op, second),)) if first == second:
            return tree.Boolean(op in {"==", "<=", ">="})
        case tree.Choose(value, tree.Boolean(holds), otherwise):
            return value if holds else otherwise
        case tree.Index(tree.ListOf(items), tree.Number(int(at))) if -len(items) <= at < len(items):
            return items[at]
        case tree.Apply(tree.Name(("len",)), (tree.Argument(None, tree.ListOf(items)),)):
            return tree.Number(len(items))
        case tree.Template(parts):
            return _fold_template(parts)
        case tree.ListOf() | tree.Name() | tree.Number() | tree.Apply(tree.Name(("range",))):
            return folded
    if all(map(is_constant, operands(folded))):
        return _computed(folded)
    return _simplified(folded) if isinstance(folded, tree.Binary) else folded


def _computed(expr: Expr) -> Expr:
    try:
        return constant(value_of(expr, {}))
    except (Missing, Opaque):
        return expr


def _fold_logic(expr: tree.Logic) -> Expr:
    """`true and x` is `x` where `x` is a condition; `false and x` is `false`."""
    ends = expr.op == "or"
    left: list[Expr] = []
    for operand in expr.operands:
        if is_constant(operand):
            if bool(getattr(operand, "value", False)) is ends:
                left.append(tree.Boolean(ends))
                break
            continue
        left.append(operand)
    if not left or left[0] == tree.Boolean(ends):
        return tree.Boolean(ends if left else not ends)
    return left[0] if len(left) == 1 else tree.Logic(expr.op, tuple(left))


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


def _simplified(expr: tree.Binary) -> Expr:
    one, zero = tree.Number(1), tree.Number(0)
    match expr.op, expr.left, expr.right:
        case ("*", left, right) if left == one and _is_integer(left):
            return right
        case ("*" | "//" | "**", left, right) if right == one and _is_integer(right):
            return left
        case ("*", tree.Number(int(by)), tree.Binary("*", tree.Number(int(times)), atom)):
            return tree.Binary("*", tree.Number(by * times), atom)
        case ("//", tree.Binary("*", atom, factor), right) if factor == right and factor != zero:
            return atom
        case ("+" | "-", left, right) if right == zero and _is_integer(right):
            return left
        case ("+", left, right) if left == zero and _is_integer(left):
            return right
        case ("+" | "-", _, _):
            return _merged_sum(expr)
    return expr


_ROUNDING = {"int", "round", "ceil", "floor", "divisible"}


def assuming(expr: Expr, known: Mapping[Expr, bool]) -> Expr:
    """The expression where these conditions hold, or do not."""
    match expr:
        case tree.Comprehension():
            return expr
        case tree.Choose(value, test, otherwise) if test in known:
            return assuming(value if known[test] else otherwise, known)
        case _:
            made = rebuild(expr, lambda part: assuming(part, known))
            return expr if made == expr else fold(made)


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


def _with_operands(expr: Expr, parts: Iterable[Expr]) -> Expr:
    given = iter(parts)
    return rebuild(expr, lambda _: next(given))


def _is_integer(expr: Expr) -> bool:
    return isinstance(expr, tree.Number) and type(expr.value) is int


# --- sums -----------------------------------------------------------------------------------

Terms = dict[Expr, int]  # how often each summand counts, in order of first appearance


def total(summands: Iterable[Expr]) -> Expr:
    """The sum, equal summands counted."""
    return fold(reduce(lambda left, right: tree.Binary("+", left, right), summands))


def _merged_sum(expr: tree.Binary) -> Expr:
    """The sum with equal summands merged, if there are any."""
    terms: Terms = {}
    count = _collect(expr, 1, terms)
    kept = {atom: times for atom, times in terms.items() if times}
    if len(kept) == count:
        return expr
    return _written(kept)


def _collect(expr: Expr, sign: int, terms: Terms) -> int:
    """Add the summands of an expression to `terms`; returns how many there were."""
    match expr:
        case tree.Binary("+" | "-" as op, left, right):
            back = sign if op == "+" else -sign
            return _collect(left, sign, terms) + _collect(right, back, terms)
        case tree.Binary("*", tree.Number(int(by)), atom):
            terms[atom] = terms.get(atom, 0) + sign * by
        case tree.Binary("*", atom, tree.Number(int(by))):
            terms[atom] = terms.get(atom, 0) + sign * by
        case tree.Number(int(value)):
            terms[_ONE] = terms.get(_ONE, 0) + sign * value
        case _:
            terms[expr] = terms.get(expr, 0) + sign
    return 1


_ONE: Expr = tree.Number(1)


def _written(terms: Terms) -> Expr:
    result: Expr | None = None
    for atom, times in sorted(terms.items(), key=lambda item: item[1] < 0):
        term = _times(atom, abs(times))
        if result is None:
            result = term if times > 0 else tree.Unary("-", term)
        else:
            result = tree.Binary("+" if times > 0 else "-", result, term)
    return result or tree.Number(0)


def _times(atom: Expr, times: int) -> Expr:
    if atom == _ONE and _is_integer(atom):
        return tree.Number(times)
    return atom if times == 1 else tree.Binary("*", tree.Number(times), atom)


def difference(after: Expr, before: Expr) -> Expr:
    """`after - before`, equal summands cancelled."""
    return fold(tree.Binary("-", after, before))


def as_items(value: object) -> object:
    """A tuple as the language's list, so that expressions can read it."""
    if isinstance(value, tuple | list) and not isinstance(value, Items):
        return Items(map(as_items, value))
    return value


def is_auto(expr: Expr) -> bool:
    return isinstance(expr, tree.Auto)
