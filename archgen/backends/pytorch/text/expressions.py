"""Expressions as Python text that means the same. Knows no networks.

A list of the language is a tuple: what Python's `range`, `zip` and `enumerate` give stands alone
only where it is read once. `a and b` is a boolean: Python's is one of the operands, which is the
same only where a condition is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from archgen.backends.pytorch.plan.algebra import Expr, is_condition
from archgen.backends.pytorch.text.layout import Call, Generator, Layout, Operation, Prefixed, flat
from archgen.syntax import tree

CHOOSE, OR, AND, NOT, COMPARE, SUM, PRODUCT, MINUS, POWER, ATOM = range(10)
_OPERATORS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}
_MATH = {"ceil", "cos", "exp", "floor", "log", "log2", "sin", "sqrt"}
_CONSUMERS = {"sum", "min", "max"}  # functions that take a generator
_LISTS = {"range", "zip", "enumerate"}  # whose results are no tuples in Python


class Use(Enum):
    """What becomes of an expression's value."""

    VALUE = auto()  # anything
    TRUTH = auto()  # it is asked whether it holds
    SIZED = auto()  # it is indexed, or its length is asked
    EACH = auto()  # its items are read, once


def written(expr: Expr, least: int = CHOOSE, use: Use = Use.VALUE) -> str:
    """The expression, in brackets if it binds weaker than `least`."""
    text, strength = _written(expr, use)
    return text if strength >= least else f"({text})"


def condition(expr: Expr) -> Layout:
    """A condition that may be broken before `and` and `or`."""
    if isinstance(expr, tree.Logic):
        first, *rest = _operands(expr)
        return Operation((first, *(f"{expr.op} {part}" for part in rest)))
    return written(expr, use=Use.TRUTH)


def iterated(expr: Expr) -> Layout:
    """What a loop goes over."""
    if isinstance(expr, tree.ListOf | tree.Apply | tree.Comprehension):
        return broken(expr, Use.EACH)
    return written(expr, use=Use.EACH)


def broken(expr: Expr, use: Use = Use.VALUE) -> Layout:
    """An expression that may be broken before its operators."""
    match expr:
        case tree.Logic():
            return condition(expr) if _is_boolean(expr) else Call("bool", (condition(expr),))
        case tree.Binary("+" | "-"):
            return Operation(tuple(_summands(expr)))
        case tree.Choose():
            return Operation(tuple(_choices(expr, use)))
        case tree.ListOf(items):
            return Call("", tuple(map(broken, items)))
        case tree.Apply(tree.Name((name,))) if name in _LISTS and not _is_bare(name, use):
            return Call("tuple", (Call(name, tuple(_arguments(expr))),))
        case tree.Apply():
            return Call(_function(expr), tuple(_arguments(expr)))
        case tree.Comprehension():
            return Call("tuple", (_generator(expr),))
        case _:
            return written(expr, use=use)


def _is_bare(name: str, use: Use) -> bool:
    """Whether what it gives is as good as a tuple here: a `range` has items and a length."""
    return use is Use.EACH or (name == "range" and use is not Use.VALUE)


def _is_boolean(expr: Expr) -> bool:
    """Whether Python gives a boolean: `and` and `or` give one of their operands."""
    if isinstance(expr, tree.Logic):
        return len(expr.operands) > 1 and all(map(_is_boolean, expr.operands))
    return is_condition(expr)


def _operands(expr: tree.Logic) -> list[str]:
    return [written(operand, _logic(expr) + 1, Use.TRUTH) for operand in expr.operands]


def _choices(expr: tree.Choose, use: Use) -> Iterator[str]:
    """`a`, `if b`, `else c`; a choice after `else` goes on in the same way."""
    yield from (written(expr.value, OR, use), f"if {written(expr.condition, OR, Use.TRUTH)}")
    if isinstance(expr.otherwise, tree.Choose):
        first, *rest = _choices(expr.otherwise, use)
        yield from (f"else {first}", *rest)
    else:
        yield f"else {written(expr.otherwise, use=use)}"


def _summands(expr: Expr) -> list[str]:
    """`a`, `+ b`, `- c`."""
    match expr:
        case tree.Binary("+" | "-" as op, left, right):
            return [*_summands(left), f"{op} {written(right, SUM + 1)}"]
        case _:
            return [written(expr, SUM)]


def literal(text: str) -> str:
    """A string in double quotes, as ruff writes it."""
    if '"' in text and "'" not in text:
        return f"'{_escaped(text)}'"
    return '"' + _escaped(text).replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _logic(expr: tree.Logic) -> int:
    return OR if expr.op == "or" else AND


def _written(expr: Expr, use: Use) -> tuple[str, int]:
    match expr:
        case tree.Number(value):
            return repr(value), MINUS if repr(value).startswith("-") else ATOM
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
            return flat(broken(expr, use)), ATOM
        case tree.Index(base, index):
            return f"{written(base, ATOM, Use.SIZED)}[{written(index)}]", ATOM
        case tree.Slice(base, start, stop):
            bounds = ":".join("" if end is None else written(end) for end in (start, stop))
            return f"{written(base, ATOM)}[{bounds}]", ATOM
        case tree.Unary("not", operand):
            return f"not {written(operand, NOT, Use.TRUTH)}", NOT
        case tree.Unary(_, operand):
            return f"-{written(operand, MINUS)}", MINUS
        case tree.Binary():
            return _binary(expr)
        case tree.Compare(first, rest):
            return _compare(first, rest), COMPARE
        case tree.Logic(op, operands):
            text = f" {op} ".join(_operands(expr))
            if use is Use.TRUTH or _is_boolean(expr):
                return text, _logic(expr) if len(operands) > 1 else AND
            return f"bool({text})", ATOM
        case tree.Choose():
            return " ".join(_choices(expr, use)), CHOOSE
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
    name = expr.function.text
    lone = len(expr.arguments) == 1 and name in _CONSUMERS
    for at, argument in enumerate(expr.arguments):
        if lone and isinstance(argument.value, tree.Comprehension):
            yield _generator(argument.value)
        elif argument.name is not None:
            yield Prefixed(f"{argument.name}=", broken(argument.value))
        elif lone or name == "zip" or (name == "enumerate" and at == 0):
            yield broken(argument.value, Use.EACH)
        else:
            yield broken(argument.value, Use.SIZED if name == "len" else Use.VALUE)
    if name == "zip":
        yield "strict=True"


def _generator(expr: tree.Comprehension) -> Generator:
    names = tree.written_targets(expr.targets, "()")
    clause = f"for {names} in {written(expr.iterable, OR, Use.EACH)}"
    if expr.condition is not None:
        clause += f" if {written(expr.condition, OR, Use.TRUTH)}"
    return Generator(broken(expr.element), clause)


def _template(parts: tuple[str | Expr, ...]) -> str:
    """An f-string; a `format` where quotes or backslashes would stand in its braces."""
    given = ["" if isinstance(part, str) else written(part) for part in parts]
    nested = any(sign in text for text in given for sign in "'\\")
    text = ""
    for part, inner in zip(parts, given, strict=True):
        if isinstance(part, str):
            text += _escaped(part).replace('"', '\\"').replace("{", "{{").replace("}", "}}")
        else:
            text += "{}" if nested else "{" + inner.replace('"', "'") + "}"
    filled = ", ".join(filter(None, given))
    return f'"{text}".format({filled})' if nested else f'f"{text}"'
