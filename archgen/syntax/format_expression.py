"""Expressions as text that may be laid out in several lines, inside brackets alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar, assert_never

from archgen.syntax import tree as t
from archgen.syntax.format_comments import NO_COMMENTS, Comments, opened
from archgen.syntax.literals import NumberRefused, read_number, write_number, write_string
from archgen.syntax.pretty import Doc, Group, Line, Nest, concat, join, render
from archgen.text import NOWHERE, Span

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


_N = TypeVar("_N", bound=t.Node)


def format_expression(expr: t.Expr) -> str:
    """Write an expression in one line."""
    return render(Group(Expressions(NO_COMMENTS, one_line=True).write(expr)), sys.maxsize)


class Expressions:
    """Makes the layout of each kind of expression; brackets take the comments that lie in them."""

    def __init__(self, comments: Comments, *, one_line: bool = False) -> None:
        self._comments = comments
        self._one_line = one_line

    def write(self, expr: t.Expr) -> Doc:
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
                return concat(
                    (function.text, self.arguments(given, function.span.end, expr.span.end))
                )
            case t.ListOf():
                return self._list(expr)
            case t.Comprehension():
                return self._comprehension(expr)
            case t.Index(base=base, index=index):
                return concat((self._operand(base, _POSTFIX), "[", self.write(index), "]"))
            case t.Slice(base=base, start=start, stop=stop):
                bounds = ("" if bound is None else self.write(bound) for bound in (start, stop))
                return concat((self._operand(base, _POSTFIX), "[", join(":", bounds), "]"))
            case t.Unary(op="not", operand=operand):
                return concat(("not ", self._operand(operand, _NOT)))
            case t.Unary(operand=operand):
                return concat(("-", self._operand(operand, _UNARY)))
            case t.Binary():
                return self._binary(expr)
            case t.Compare(first=first, rest=rest):
                tail = (concat((f" {op} ", self._operand(side, _SUM))) for op, side in rest)
                return concat((self._operand(first, _SUM), *tail))
            case t.Logic(op=op, operands=operands):
                tightest = _AND if op == "or" else _NOT
                return join(f" {op} ", (self._operand(operand, tightest) for operand in operands))
            case t.Choose(value=value, condition=condition, otherwise=otherwise):
                sides = (self._operand(value, _OR), " if ", self._operand(condition, _OR))
                return concat((*sides, " else ", self.write(otherwise)))
            case t.Value(place=source):
                return concat(("from ", self.write(source)))
            case t.Member(base=base, name=name):
                return concat((self.write(base), f".{name}"))
            case _:
                assert_never(expr)

    def arguments(self, given: Sequence[t.Argument], start: int, end: int) -> Doc:
        """Write `(64, stride=2)`, which stands between two places of the source."""
        return self._bracketed("(", given, ")", start, end, self._argument)

    def parameters(self, known: Sequence[t.Parameter], before: Span, end: int) -> Doc:
        """Write `(out, stride=1)`, which stands between what is before it and `end`."""
        return self._bracketed("(", known, ")", before.end, end, self._parameter)

    def place(self, target: t.Place) -> Doc:
        """Write what stands left of `=`."""
        name = target.name if isinstance(target.name, str) else _template(target.name)
        indices = (concat(("[", self.write(index), "]")) for index in target.indices)
        return concat((name, *indices))

    def _list(self, expr: t.ListOf) -> Doc:
        """An author who begins a list on a new line gives each item its own: a table of rows."""
        keep = bool(expr.items) and _on_new_line(expr, expr.items[0])
        start, end = expr.span.start + 1, expr.span.end
        return self._bracketed("[", expr.items, "]", start, end, self.write, keep=keep)

    def _bracketed(
        self,
        opener: str,
        nodes: Sequence[_N],
        closer: str,
        start: int,
        end: int,
        write: Callable[[_N], Doc],
        *,
        keep: bool = False,
    ) -> Doc:
        """In one line, or with an item and a comma on each line."""
        entries = self._comments.among(nodes, start, end, write)
        if any(entry.node is None for entry in entries) or (keep and not self._one_line):
            items = [
                entry if entry.node is None else replace(entry, doc=concat((entry.doc, ",")))
                for entry in entries
            ]
            return opened(opener, items, closer)
        if not entries:
            return opener + closer
        inner = join(concat((",", Line())), (entry.doc for entry in entries))
        return Group(
            concat((opener, Nest(concat((Line(""), inner))), Line("", broken=","), closer))
        )

    def _operand(self, expr: t.Expr, binding: int) -> Doc:
        """Write an operand; in parentheses if it binds more loosely than its place asks."""
        doc = self.write(expr)
        return doc if _binding(expr) >= binding else concat(("(", doc, ")"))

    def _argument(self, argument: t.Argument) -> Doc:
        value = self.write(argument.value)
        return value if argument.name is None else concat((f"{argument.name}=", value))

    def _parameter(self, parameter: t.Parameter) -> Doc:
        if parameter.default is None:
            return parameter.name
        return concat((f"{parameter.name}=", self.write(parameter.default)))

    def _comprehension(self, expr: t.Comprehension) -> Doc:
        names = t.written_targets(expr.targets)
        source = concat((f"for {names} in ", self._operand(expr.iterable, _OR)))
        parts = [self.write(expr.element), source]
        if expr.condition is not None:
            parts.append(concat(("if ", self._operand(expr.condition, _OR))))
        inner = concat((Line(""), join(Line(), parts)))
        return Group(concat(("[", Nest(inner), Line(""), "]")))

    def _binary(self, expr: t.Binary) -> Doc:
        binding = _BINARY[expr.op]
        if expr.op == "**":  # binds to the right, and its right side may be a minus
            left, right = self._operand(expr.left, _POSTFIX), self._operand(expr.right, _UNARY)
        else:
            left, right = self._operand(expr.left, binding), self._operand(expr.right, binding + 1)
        return concat((left, f" {expr.op} ", right))


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


def _on_new_line(outer: t.Node, first: t.Node) -> bool:
    if outer.span is NOWHERE or first.span is NOWHERE:
        return False
    return "\n" in outer.span.source.text[outer.span.start : first.span.start]


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
