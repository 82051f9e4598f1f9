"""Expressions as text that may be laid out in several lines, inside brackets alone."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import assert_never

from archgen.syntax import tree as t
from archgen.syntax.literals import NumberRefused, read_number, write_number, write_string
from archgen.syntax.pretty import Doc, Group, Line, Nest, concat, join, render
from archgen.text import NOWHERE

# How tightly an expression binds, loosest first, as the rules of the grammar.
_CHOOSE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _POWER, _POSTFIX, _ATOM = range(11)

_BINARY = {
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "//": _PRODUCT,
    "%": _PRODUCT,
    "**": _POWER,
}


def expression(expr: t.Expr) -> Doc:
    """Write an expression with the parentheses that it needs and no others."""
    match expr:
        case t.Number():
            return _number(expr)
        case t.String(value=value):
            return write_string(_doubled(value))
        case t.Template():
            return _template(expr)
        case t.Boolean(value=value):
            return "true" if value else "false"
        case t.Nothing():
            return "none"
        case t.Auto():
            return "auto"
        case t.Name():
            return expr.text
        case t.Apply(function=function, arguments=given):
            return concat((function.text, arguments(given)))
        case t.ListOf(items=items):
            return bracketed("[", map(expression, items), "]")
        case t.Comprehension():
            return _comprehension(expr)
        case t.Index(base=base, index=index):
            return concat((_operand(base, _POSTFIX), "[", expression(index), "]"))
        case t.Slice(base=base, start=start, stop=stop):
            bounds = ("" if bound is None else expression(bound) for bound in (start, stop))
            return concat((_operand(base, _POSTFIX), "[", join(":", bounds), "]"))
        case t.Unary(op="not", operand=operand):
            return concat(("not ", _operand(operand, _NOT)))
        case t.Unary(operand=operand):
            return concat(("-", _operand(operand, _UNARY)))
        case t.Binary():
            return _binary(expr)
        case t.Compare(first=first, rest=rest):
            tail = (concat((f" {op} ", _operand(operand, _SUM))) for op, operand in rest)
            return concat((_operand(first, _SUM), *tail))
        case t.Logic(op=op, operands=operands):
            tightest = _AND if op == "or" else _NOT
            return join(f" {op} ", (_operand(operand, tightest) for operand in operands))
        case t.Choose(value=value, condition=condition, otherwise=otherwise):
            sides = (_operand(value, _OR), " if ", _operand(condition, _OR))
            return concat((*sides, " else ", expression(otherwise)))
        case t.Value(place=source):
            return concat(("from ", expression(source)))
        case _:
            assert_never(expr)


def format_expression(expr: t.Expr) -> str:
    """Write an expression in one line."""
    return render(Group(expression(expr)), sys.maxsize)


def arguments(given: Iterable[t.Argument]) -> Doc:
    """Write `(64, stride=2)`."""
    return bracketed("(", map(_argument, given), ")")


def parameters(known: Iterable[t.Parameter]) -> Doc:
    """Write `(out, stride=1)`."""
    return bracketed("(", map(_parameter, known), ")")


def place(target: t.Place) -> Doc:
    """Write what stands left of `=`."""
    name = target.name if isinstance(target.name, str) else _template(target.name)
    return concat((name, *(concat(("[", expression(index), "]")) for index in target.indices)))


def bracketed(opener: str, items: Iterable[Doc], closer: str) -> Doc:
    """In one line, or with an item and a comma on each line."""
    parts = tuple(items)
    if not parts:
        return opener + closer
    inner = join(concat((",", Line())), parts)
    return Group(concat((opener, Nest(concat((Line(""), inner))), Line("", broken=","), closer)))


def _binding(expr: t.Expr) -> int:
    match expr:
        case t.Choose():
            return _CHOOSE
        case t.Logic(op=op):
            return _OR if op == "or" else _AND
        case t.Compare():
            return _COMPARE
        case t.Binary(op=op):
            return _BINARY[op]
        case t.Unary(op=op):
            return _NOT if op == "not" else _UNARY
        case t.Value():
            return _UNARY
        case t.Index() | t.Slice():
            return _POSTFIX
    return _ATOM


def _operand(expr: t.Expr, binding: int) -> Doc:
    """Write an operand; in parentheses if it binds more loosely than its place asks."""
    doc = expression(expr)
    return doc if _binding(expr) >= binding else concat(("(", doc, ")"))


def _number(number: t.Number) -> str:
    """Keep the spelling of the source while it says the same: `4.1G` stays `4.1G`."""
    spelling = "" if number.span is NOWHERE else number.span.text
    try:
        read = read_number(spelling)
    except NumberRefused:
        return write_number(number.value)
    same = read == number.value and type(read) is type(number.value)
    return spelling if same else write_number(number.value)


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _template(template: t.Template) -> str:
    return write_string("".join(map(_template_part, template.parts)))


def _template_part(part: str | t.Expr) -> str:
    return _doubled(part) if isinstance(part, str) else f"{{{format_expression(part)}}}"


def _argument(argument: t.Argument) -> Doc:
    value = expression(argument.value)
    return value if argument.name is None else concat((f"{argument.name}=", value))


def _parameter(parameter: t.Parameter) -> Doc:
    if parameter.default is None:
        return parameter.name
    return concat((f"{parameter.name}=", expression(parameter.default)))


def _comprehension(expr: t.Comprehension) -> Doc:
    names = ", ".join(expr.names)
    parts: list[Doc] = ["[", expression(expr.element), f" for {names} in "]
    parts.append(_operand(expr.iterable, _OR))
    if expr.condition is not None:
        parts += [" if ", _operand(expr.condition, _OR)]
    return concat((*parts, "]"))


def _binary(expr: t.Binary) -> Doc:
    binding = _BINARY[expr.op]
    if expr.op == "**":  # binds to the right, and its right side may be a minus
        left, right = _operand(expr.left, _POSTFIX), _operand(expr.right, _UNARY)
    else:
        left, right = _operand(expr.left, binding), _operand(expr.right, binding + 1)
    return concat((left, f" {expr.op} ", right))
