"""Sums of integers with equal summands merged: `channels + 32 + 32` is `channels + 64`."""

from __future__ import annotations

from archgen.syntax import tree

Expr = tree.Expr
Terms = dict[Expr, int]  # how often each summand counts, in order of first appearance


def merged_sum(expr: tree.Binary) -> Expr:
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
    if atom == _ONE and is_integer(atom):
        return tree.Number(times)
    return atom if times == 1 else tree.Binary("*", tree.Number(times), atom)


def is_integer(expr: Expr) -> bool:
    """Whether an expression is an integer as a number."""
    return isinstance(expr, tree.Number) and type(expr.value) is int
