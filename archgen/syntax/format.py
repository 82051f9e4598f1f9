"""The canonical text of a syntax tree: `parse(format(tree))` is the tree again.

Comments are laid beside the tree by their places: one that stands alone goes before what follows
it, one behind something goes behind it. A number keeps the spelling that it was read with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, assert_never

from archgen.source import NOWHERE, Span
from archgen.syntax import tree as t
from archgen.syntax.literals import NumberRefused, read_number, write_number, write_string
from archgen.syntax.scan import Comment

WIDTH: Final = 100
_INDENT: Final = "  "


def format(tree: t.File, comments: Sequence[Comment] = ()) -> str:  # noqa: A001
    """Write a spec, with its comments."""
    printer = _Printer(comments)
    printer.file(tree)
    return "".join(f"{line}\n" for line in printer.lines)


def format_statement(statement: t.Statement | t.Item) -> str:
    """Write one statement or definition, without a line end."""
    printer = _Printer(())
    printer.statement(statement)
    return "\n".join(printer.lines)


def format_expression(expr: t.Expr) -> str:
    """Write an expression in one line, with the parentheses that it needs and no others."""
    return _write(expr)


# --- expressions -------------------------------------------------------------------------

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


def _at_least(expr: t.Expr, binding: int) -> str:
    """Write an operand; in parentheses if it binds more loosely than its place asks."""
    text = _write(expr)
    return text if _binding(expr) >= binding else f"({text})"


def _write(expr: t.Expr) -> str:
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
        case t.Apply(function=function, arguments=arguments):
            return f"{function.text}{_arguments(arguments)}"
        case t.ListOf(items=items):
            return f"[{', '.join(map(_write, items))}]"
        case t.Comprehension():
            return _comprehension(expr)
        case t.Index(base=base, index=index):
            return f"{_at_least(base, _POSTFIX)}[{_write(index)}]"
        case t.Slice(base=base, start=start, stop=stop):
            bounds = [_write(bound) if bound is not None else "" for bound in (start, stop)]
            return f"{_at_least(base, _POSTFIX)}[{':'.join(bounds)}]"
        case t.Unary(op="not", operand=operand):
            return f"not {_at_least(operand, _NOT)}"
        case t.Unary(operand=operand):
            return f"-{_at_least(operand, _UNARY)}"
        case t.Binary():
            return _binary(expr)
        case t.Compare(first=first, rest=rest):
            tail = "".join(f" {op} {_at_least(operand, _SUM)}" for op, operand in rest)
            return _at_least(first, _SUM) + tail
        case t.Logic(op=op, operands=operands):
            inner = _AND if op == "or" else _NOT
            return f" {op} ".join(_at_least(operand, inner) for operand in operands)
        case t.Choose(value=value, condition=condition, otherwise=otherwise):
            chosen, asked = _at_least(value, _OR), _at_least(condition, _OR)
            return f"{chosen} if {asked} else {_write(otherwise)}"
        case t.Value(place=place):
            return f"from {_write(place)}"
        case _:
            assert_never(expr)


def _number(number: t.Number) -> str:
    """Keep the spelling of the source while it says the same: `4.1G` stays `4.1G`."""
    spelling = number.span.text if number.span is not NOWHERE else ""
    try:
        read = read_number(spelling)
    except NumberRefused:
        return write_number(number.value)
    same = read == number.value and type(read) is type(number.value)
    return spelling if same else write_number(number.value)


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _template(template: t.Template) -> str:
    parts = (
        _doubled(part) if isinstance(part, str) else f"{{{_write(part)}}}"
        for part in template.parts
    )
    return write_string("".join(parts))


def _arguments(arguments: Iterable[t.Argument]) -> str:
    return f"({', '.join(map(_argument, arguments))})"


def _argument(argument: t.Argument) -> str:
    value = _write(argument.value)
    return value if argument.name is None else f"{argument.name}={value}"


def _comprehension(expr: t.Comprehension) -> str:
    names = ", ".join(expr.names)
    text = f"{_write(expr.element)} for {names} in {_at_least(expr.iterable, _OR)}"
    if expr.condition is not None:
        text += f" if {_at_least(expr.condition, _OR)}"
    return f"[{text}]"


def _binary(expr: t.Binary) -> str:
    binding = _BINARY[expr.op]
    if expr.op == "**":  # binds to the right, and looser than a minus on its right
        left, right = _at_least(expr.left, _POSTFIX), _at_least(expr.right, _UNARY)
    else:
        left, right = _at_least(expr.left, binding), _at_least(expr.right, binding + 1)
    return f"{left} {expr.op} {right}"


# --- statements --------------------------------------------------------------------------


class _Printer:
    """Writes lines; one body inside another is indented once more."""

    def __init__(self, comments: Sequence[Comment]) -> None:
        self.lines: list[str] = []
        self._comments = sorted(comments, key=lambda comment: comment.span.start)
        self._next = 0
        self._indent = ""

    def file(self, tree: t.File) -> None:
        for index, item in enumerate(tree.items):
            if index and not _stand_together(tree.items[index - 1], item):
                self.lines.append("")
            self._comments_before(item.span)
            self.statement(item)
            self._comments_behind(item.span)
        self._remaining_comments()

    def statement(self, node: t.Statement | t.Item) -> None:
        match node:
            case t.Use(target=target, quoted=quoted, alias=alias):
                named = f" as {alias}" if alias is not None else ""
                self._line(f"use {write_string(target) if quoted else target}{named}")
            case t.Let(names=names, value=value):
                self._line(f"let {', '.join(names)} = {_write(value)}")
            case t.Block(name=name, parameters=parameters, body=body):
                self._braces(f"block {name}{_parameters(parameters)} ", body)
            case t.Arch(name=name, parameters=parameters, body=body):
                self._braces(f"arch {name}{_parameters(parameters)} ", body)
            case t.Synonym(name=name, parameters=parameters, chain=chain):
                self._chain(f"block {name}{_parameters(parameters)} = ", chain)
            case t.Alias():
                self._alias(node)
            case t.Chain():
                self._chain("", node)
            case t.Named():
                self._named("", node)
            case t.Aux(named=named_chain):
                self._named("aux ", named_chain)
            case t.If():
                self._if(node)
            case t.For(names=names, iterable=iterable, body=body):
                self._braces(f"for {', '.join(names)} in {_write(iterable)} ", body)
            case t.Output(places=places):
                self._line(f"output {', '.join(map(_write, places))}")
            case t.Expect(condition=condition):
                self._line(f"expect {_write(condition)}")
            case t.Doc(text=text):
                self._documentation(text)
            case _:
                assert_never(node)

    def _line(self, text: str) -> None:
        self.lines.append(f"{self._indent}{text}")

    def _extend(self, text: str) -> None:
        """Go on in the line that is being written."""
        self.lines[-1] += text

    def _alias(self, node: t.Alias) -> None:
        head = f"arch {node.name}{_parameters(node.parameters)} = {_call(node.call)}"
        if node.body is None:
            self._line(head)
        else:
            self._braces(f"{head} ", node.body)

    def _named(self, head: str, node: t.Named) -> None:
        places = ", ".join(map(_place, node.places))
        self._chain(f"{head}{places} = ", node.chain)

    def _if(self, node: t.If) -> None:
        head = "if"
        for arm in node.arms:
            self._braces(f"{head} {_write(arm.condition)} ", arm.body, goes_on=head != "if")
            head = " elif"
        if node.otherwise is not None:
            self._braces(" else ", node.otherwise, goes_on=True)

    def _documentation(self, text: str) -> None:
        first, *rest = write_string(text).split("\n")
        self._line(first)
        self.lines.extend(f"{self._indent}{line}" if line else "" for line in rest)

    # Chains: in one line if they fit, else broken before each arrow.

    def _chain(self, head: str, chain: t.Chain) -> None:
        flat = _flat_chain(chain)
        simple = flat is not None and not self._comment_within(chain.span)
        if simple and flat is not None and self._fits(f"{head}{flat}"):
            self._line(f"{head}{flat}")
            return
        self._link(head, chain.links[0], goes_on=False)
        for link in chain.links[1:]:
            if _is_braced(link) and self.lines[-1].endswith("}"):
                self._link(" -> ", link, goes_on=True)
            else:
                self._indented(lambda link=link: self._link("-> ", link, goes_on=False))

    def _link(self, head: str, link: t.Link, *, goes_on: bool) -> None:
        match link:
            case t.Merge(kind=kind, arguments=arguments, body=body):
                given = _arguments(arguments) if arguments else ""
                self._braces(f"{head}{kind}{given} ", body, goes_on=goes_on)
            case t.Seq(body=body):
                self._braces(f"{head}seq ", body, goes_on=goes_on)
            case t.Group(body=body):
                self._braces(head, body, goes_on=goes_on)
            case t.Call() | t.From() | t.Reuse():
                text = f"{head}{_flat_link(link)}"
                self._extend(text) if goes_on else self._line(text)
            case _:
                assert_never(link)

    def _fits(self, text: str) -> bool:
        return len(self._indent) + len(text) <= WIDTH

    # Bodies.

    def _braces(self, head: str, body: t.Body, *, goes_on: bool = False) -> None:
        write: Callable[[str], None] = self._extend if goes_on else self._line
        if not body.statements and not self._comment_within(body.span):
            write(f"{head}{{}}")
            return
        write(f"{head}{{")
        self._comment_behind_brace(body)
        self._indented(lambda: self._statements(body))
        self._line("}")

    def _statements(self, body: t.Body) -> None:
        previous: t.Statement | None = None
        for statement in body.statements:
            if previous is not None and _blank_between(previous, statement):
                self.lines.append("")
            self._comments_before(statement.span)
            self.statement(statement)
            self._comments_behind(statement.span)
            previous = statement
        self._comments_until(body.span.end)

    def _indented(self, write: Callable[[], None]) -> None:
        outer = self._indent
        self._indent = outer + _INDENT
        write()
        self._indent = outer
