"""Expressions as Python text. Knows no networks."""

from __future__ import annotations

from archgen.backends.pytorch.algebra import Expr
from archgen.backends.pytorch.text import Layout, Operation
from archgen.syntax import tree

CHOOSE, OR, AND, NOT, COMPARE, SUM, PRODUCT, MINUS, POWER, ATOM = range(10)
_OPERATORS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}
_MATH = {"ceil", "floor", "log", "log2", "sqrt"}
_COMMUTES = {"+", "*"}


def written(expr: Expr, least: int = CHOOSE) -> str:
    """The expression, in brackets if it binds weaker than `least`."""
    text, strength = _written(expr)
    return text if strength >= least else f"({text})"


def condition(expr: Expr) -> Layout:
    """A condition that may be broken before `and` and `or`."""
    if isinstance(expr, tree.Logic):
        first, *rest = (written(operand, _logic(expr) + 1) for operand in expr.operands)
        return Operation((first, *(f"{expr.op} {part}" for part in rest)))
    return written(expr)


def broken(expr: Expr) -> Layout:
    """An expression that may be broken before its operators."""
    match expr:
        case tree.Logic():
            return condition(expr)
        case tree.Binary("+" | "-"):
            return Operation(tuple(_summands(expr)))
        case tree.Choose(value, test, otherwise):
            parts = (written(value, OR), f"if {written(test, OR)}", f"else {written(otherwise)}")
            return Operation(parts)
        case _:
            return written(expr)


def _summands(expr: Expr) -> list[str]:
    """`a`, `+ b`, `- c`."""
    match expr:
        case tree.Binary("+" | "-" as op, left, right):
            return [*_summands(left), f"{op} {written(right, SUM + 1)}"]
        case _:
            return [written(expr, SUM)]


def literal(text: str) -> str:
    """A string in double quotes, as ruff writes it."""
    escaped = text.encode("unicode_escape").decode("ascii")
    if '"' not in text:
        return f'"{escaped}"'
    if "'" not in text:
        return f"'{escaped}'"
    return '"' + escaped.replace('"', '\\"') + '"'


def _logic(expr: tree.Logic) -> int:
    return OR if expr.op == "or" else AND


def _written(expr: Expr) -> tuple[str, int]:
    match expr:
        case tree.Number(value):
            return repr(value), ATOM if value >= 0 else MINUS
        case tree.Boolean(value):
            return str(value), ATOM
        case tree.String(value):
            return literal(value), ATOM
        case tree.Nothing():
            return "None", ATOM
        case tree.Name():
            return expr.text, ATOM
        case tree.Template(parts):
            return _template(parts), ATOM
        case tree.ListOf(items):
            inner = ", ".join(written(item) for item in items)
            return f"({inner}{',' if len(items) == 1 else ''})", ATOM
        case tree.Apply():
            return _apply(expr), ATOM
        case tree.Comprehension():
            return f"tuple({_clauses(expr)})", ATOM
        case tree.Index(base, index):
            return f"{written(base, ATOM)}[{written(index)}]", ATOM
        case tree.Slice(base, start, stop):
            bounds = ":".join("" if end is None else written(end) for end in (start, stop))
            return f"{written(base, ATOM)}[{bounds}]", ATOM
        case tree.Unary("not", operand):
            return f"not {written(operand, NOT)}", NOT
        case tree.Unary(_, operand):
            return f"-{written(operand, MINUS)}", MINUS
        case tree.Binary():
            return _binary(expr)
        case tree.Compare(first, rest):
            return _compare(first, rest), COMPARE
        case tree.Logic(op, operands):
            strength = _logic(expr)
            return f" {op} ".join(written(part, strength + 1) for part in operands), strength
        case tree.Choose(value, test, otherwise):
            text = f"{written(value, OR)} if {written(test, OR)} else {written(otherwise)}"
            return text, CHOOSE
        case _:
            raise AssertionError(expr)


def _binary(expr: tree.Binary) -> tuple[str, int]:
    if expr.op == "**":
        return f"{written(expr.left, ATOM)} ** {written(expr.right, MINUS)}", POWER
    strength = _OPERATORS[expr.op]
    left, right = written(expr.left, strength), written(expr.right, strength + 1)
    return f"{left} {expr.op} {right}", strength


def _compare(first: Expr, rest: tuple[tuple[str, Expr], ...]) -> str:
    text = written(first, SUM)
    for op, operand in rest:
        word = op
        if isinstance(operand, tree.Nothing | tree.Boolean):
            word = {"==": "is", "!=": "is not"}.get(op, op)
        text += f" {word} {written(operand, SUM)}"
    return text


def _apply(expr: tree.Apply) -> str:
    name = expr.function.text
    arguments = [
        written(a.value) if a.name is None else f"{a.name}={written(a.value)}"
        for a in expr.arguments
    ]
    if isinstance(expr.arguments[0].value, tree.Comprehension) and len(arguments) == 1:
        arguments = [_clauses(expr.arguments[0].value)]
    return f"{'math.' if name in _MATH else ''}{name}({', '.join(arguments)})"


def _clauses(expr: tree.Comprehension) -> str:
    names, iterable = ", ".join(expr.names), written(expr.iterable, OR)
    text = f"{written(expr.element)} for {names} in {iterable}"
    return text if expr.condition is None else f"{text} if {written(expr.condition, OR)}"


def _template(parts: tuple[str | Expr, ...]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += literal(part)[1:-1].replace("{", "{{").replace("}", "}}")
        else:
            text += "{" + written(part) + "}"
    return f'f"{text}"'
