"""Expressions as Python text. Knows no networks."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.backends.pytorch.algebra import Expr
from archgen.backends.pytorch.text import Call, Generator, Layout, Operation, Prefixed, flat
from archgen.syntax import tree

CHOOSE, OR, AND, NOT, COMPARE, SUM, PRODUCT, MINUS, POWER, ATOM = range(10)
_OPERATORS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}
_MATH = {"ceil", "floor", "log", "log2", "sqrt"}
_CONSUMERS = {"sum", "min", "max"}  # functions that take a generator


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
        case tree.Choose():
            return Operation(tuple(_choices(expr)))
        case tree.ListOf(items):
            return Call("", tuple(map(broken, items)))
        case tree.Apply():
            return Call(_function(expr), tuple(_arguments(expr)))
        case tree.Comprehension():
            return Call("tuple", (_generator(expr),))
        case _:
            return written(expr)


def _choices(expr: tree.Choose) -> Iterator[str]:
    """`a`, `if b`, `else c`; a choice after `else` goes on in the same way."""
    yield from (written(expr.value, OR), f"if {written(expr.condition, OR)}")
    if isinstance(expr.otherwise, tree.Choose):
        first, *rest = _choices(expr.otherwise)
        yield from (f"else {first}", *rest)
    else:
        yield f"else {written(expr.otherwise)}"


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
        case tree.Apply() | tree.Comprehension():
            return flat(broken(expr)), ATOM
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
        sign = "**" if _is_short(expr.left) and _is_short(expr.right) else " ** "
        return f"{written(expr.left, ATOM)}{sign}{written(expr.right, MINUS)}", POWER
    strength = _OPERATORS[expr.op]
    left, right = written(expr.left, strength), written(expr.right, strength + 1)
    return f"{left} {expr.op} {right}", strength


def _is_short(expr: Expr) -> bool:
    """Whether a power hugs its operand: a name or a number, with a sign at most."""
    if isinstance(expr, tree.Unary):
        return expr.op == "-" and _is_short(expr.operand)
    return isinstance(expr, tree.Name | tree.Number)


def _compare(first: Expr, rest: tuple[tuple[str, Expr], ...]) -> str:
    text = written(first, SUM)
    for op, operand in rest:
        word = op
        if isinstance(operand, tree.Nothing | tree.Boolean):
            word = {"==": "is", "!=": "is not"}.get(op, op)
        text += f" {word} {written(operand, SUM)}"
    return text


def _function(expr: tree.Apply) -> str:
    name = expr.function.text
    return f"math.{name}" if name in _MATH else name


def _arguments(expr: tree.Apply) -> Iterator[Layout]:
    """The arguments of a function; a lone comprehension needs no tuple around it."""
    lone = len(expr.arguments) == 1 and expr.function.text in _CONSUMERS
    for argument in expr.arguments:
        if lone and isinstance(argument.value, tree.Comprehension):
            yield _generator(argument.value)
        elif argument.name is None:
            yield broken(argument.value)
        else:
            yield Prefixed(f"{argument.name}=", broken(argument.value))
    if expr.function.text == "zip":
        yield "strict=True"


def _generator(expr: tree.Comprehension) -> Generator:
    clause = f"for {', '.join(expr.names)} in {written(expr.iterable, OR)}"
    if expr.condition is not None:
        clause += f" if {written(expr.condition, OR)}"
    return Generator(broken(expr.element), clause)


def _template(parts: tuple[str | Expr, ...]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += literal(part)[1:-1].replace("{", "{{").replace("}", "}}")
        else:
            text += "{" + written(part) + "}"
    return f'f"{text}"'
