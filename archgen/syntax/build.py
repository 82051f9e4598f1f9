"""From the grammar's tree to ours, bottom-up, without recursion. Looks at text, not at meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archgen.diagnostics import Diagnostic, Sink, error
from archgen.syntax import tree as t
from archgen.syntax.literals import (
    NumberRefused,
    read_documentation,
    read_number,
    string_content,
)
from archgen.syntax.templates import Interpolate, read_template
from archgen.syntax.tokens import Raw, Token, span_of
from archgen.text import Source, Span

_Params = tuple[t.Parameter, ...]
_Arguments = tuple[t.Argument, ...]


class Builder:
    """One method a rule of the grammar. Reports what the grammar cannot say, and goes on."""

    def __init__(self, source: Source, sink: Sink, interpolate: Interpolate) -> None:
        self._source = source
        self._sink = sink
        self._interpolate = interpolate

    def build(self, root: Raw) -> Any:
        """Give what the method of each rule makes of its place and its children."""
        built: dict[int, Any] = {}
        for raw in _bottom_up(root):
            children = (
                built.pop(id(child)) if isinstance(child, Raw) else child for child in raw.children
            )
            span = self._source.span(raw.start, raw.end)
            built[id(raw)] = getattr(self, raw.rule)(span, *children)
        return built[id(root)]

    # --- top level -----------------------------------------------------------------------

    def file(self, span: Span, *items: t.Item | None) -> t.File:
        return t.File(tuple(filter(None, items)), span=self._source.span(0, len(self._source.text)))

    def expression(self, span: Span, expr: t.Expr) -> t.Expr:
        return expr

    def broken(self, span: Span, token: Token) -> None:
        """Stand for a statement or definition that was given up; its owner leaves it out."""

    def use(self, span: Span, target: Token, alias: Token | None) -> t.Use:
        quoted = target.type == "STRING"
        text = string_content(target.value)[0] if quoted else target.value
        return t.Use(text, quoted, alias.value if alias else None, span=span)

    def use_arch(self, span: Span, _arch: Token, target: Token, alias: Token | None) -> t.Use:
        return t.Use(target.value, False, alias.value if alias else None, True, span=span)

    def let(self, span: Span, targets: tuple[t.Target, ...], value: t.Expr | t.Param) -> t.Let:
        if isinstance(value, t.Param):
            word = self._source.span(value.span.start, value.span.start + len("param"))
            value = t.Apply(t.Name(("param",), span=word), value.arguments, span=value.span)
        return t.Let(targets, value, span=span)

    def block(self, span: Span, name: Token, params: _Params | None, body: t.Body) -> t.Block:
        return t.Block(name.value, params or (), body, self._at(name), span=span)

    def synonym(self, span: Span, name: Token, params: _Params | None, chain: t.Chain) -> t.Synonym:
        return t.Synonym(name.value, params or (), chain, self._at(name), span=span)

    def arch(self, span: Span, name: Token, params: _Params | None, body: t.Body) -> t.Arch:
        return t.Arch(name.value, params or (), body, self._at(name), span=span)

    def alias(
        self, span: Span, name: Token, params: _Params | None, call: t.Call, body: t.Body | None
    ) -> t.Alias:
        for statement in body.statements if body else ():
            if not isinstance(statement, t.Doc | t.Expect | t.Sizes):
                self._sink.add(_not_a_promise(statement.span))
        return t.Alias(name.value, params or (), call, body, self._at(name), span=span)

    def extern(
        self,
        span: Span,
        name: Token,
        params: _Params | None,
        target: Token,
        arguments: _Arguments | None,
        body: t.Facts,
    ) -> t.Extern:
        text = t.String(string_content(target.value)[0], span=self._at(target))
        return t.Extern(
            name.value, params or (), text, arguments or (), body, self._at(name), span=span
        )

    def facts(self, span: Span, *statements: t.Fact | t.Doc | None) -> t.Facts:
        for statement in statements[1:]:
            if isinstance(statement, t.Doc):
                self._sink.add(_late_documentation(statement.span))
        return t.Facts(tuple(filter(None, statements)), span=span)

    def fact(self, span: Span, word: Token, *values: t.Expr) -> t.Fact:
        return t.Fact(word.value, "", values, span=span)

    def entry(self, span: Span, word: Token, key: str, value: t.Expr) -> t.Fact:
        return t.Fact(word.value, key, (value,), span=span)

    def key(self, span: Span, name: Token) -> str:
        return string_content(name.value)[0] if name.type == "STRING" else name.value

    def target(self, span: Span, function: t.Name, arguments: _Arguments | None) -> t.Call:
        return t.Call(function, arguments or (), span=span)

    def parameters(self, span: Span, *params: t.Parameter) -> _Params:
        return params

    def parameter(self, span: Span, name: Token, default: t.Expr | None) -> t.Parameter:
        return t.Parameter(name.value, default, span=span)

    def names(self, span: Span, *targets: Token | tuple[t.Target, ...]) -> tuple[t.Target, ...]:
        return tuple(each if isinstance(each, tuple) else each.value for each in targets)

    # --- statements ----------------------------------------------------------------------

    def body(self, span: Span, *statements: t.Statement | None) -> t.Body:
        for statement in statements[1:]:
            if isinstance(statement, t.Doc):
                self._sink.add(_late_documentation(statement.span))
        return t.Body(tuple(filter(None, statements)), span=span)

    def doc(self, span: Span, text: Token) -> t.Doc:
        return t.Doc(read_documentation(string_content(text.value)[0]), span=span)

    def named(self, span: Span, *parts: Any) -> t.Named:
        *places, chain = parts
        return t.Named(tuple(places), chain, span=span)

    def place(self, span: Span, name: Token, *indices: t.Expr) -> t.Place:
        written = self._quoted_name(name) if name.type == "STRING" else name.value
        return t.Place(written, indices, span=span)

    def subscript(self, span: Span, index: t.Expr) -> t.Expr:
        return index

    def chain(self, span: Span, *links: t.Link) -> t.Chain:
        return t.Chain(links, span=span)

    def call(self, span: Span, function: t.Name, arguments: _Arguments | None) -> t.Call | t.Stage:
        if function.parts == ("stage",):
            return t.Stage(arguments or (), span=span)
        return t.Call(function, arguments or (), span=span)

    def call_of_item(self, span: Span, name: Token, *rest: Any) -> t.Call:
        *indices, arguments = rest
        function = t.Name((name.value,), span=self._at(name))
        return t.Call(function, arguments or (), tuple(indices), span=span)

    def input(self, span: Span, arguments: _Arguments | None) -> t.Input:
        return t.Input(arguments or (), span=span)

    def param(self, span: Span, arguments: _Arguments | None) -> t.Param:
        return t.Param(arguments or (), span=span)

    def arguments(self, span: Span, *arguments: t.Argument) -> _Arguments:
        return arguments

    def argument(self, span: Span, name: Token | None, value: t.Expr) -> t.Argument:
        return t.Argument(name.value if name else None, value, span=span)

    def merge(self, span: Span, word: Any, arguments: _Arguments | None, body: t.Body) -> t.Merge:
        return t.Merge(word.value, arguments or (), body, self._at(word), span=span)

    def seq(self, span: Span, body: t.Body) -> t.Seq:
        return t.Seq(body, span=span)

    def group(self, span: Span, body: t.Body) -> t.Group:
        return t.Group(body, span=span)

    def from_(self, span: Span, place: t.Expr) -> t.From:
        return t.From(place, span=span)

    def reuse(self, span: Span, place: t.Expr, arguments: _Arguments | None) -> t.Reuse:
        return t.Reuse(place, arguments or (), span=span)

    def quoted(self, span: Span, name: Token) -> t.Template:
        return self._quoted_name(name)

    def if_(self, span: Span, *sides: Any) -> t.If:
        *arms, otherwise = sides
        return t.If(tuple(arms), otherwise, span=span)

    def arm(self, span: Span, condition: t.Expr, body: t.Body) -> t.Arm:
        return t.Arm(condition, body, span=span)

    def for_(self, span: Span, targets: tuple[t.Target, ...], items: t.Expr, body: t.Body) -> t.For:
        return t.For(targets, items, body, span=span)

    def init(self, span: Span, arguments: _Arguments | None) -> t.Init:
        return t.Init(arguments or (), span=span)

    def output(self, span: Span, *places: t.Expr) -> t.Output:
        return t.Output(places, span=span)

    def aux(self, span: Span, named: t.Named) -> t.Aux:
        return t.Aux(named, span=span)

    def scalar(self, span: Span, value: t.Expr) -> t.Scalar:
        return t.Scalar(value, span=span)

    def literal(self, span: Span, token: Token) -> t.Scalar:
        return t.Scalar(self.number(span, token), span=span)

    def sizes(self, span: Span, _word: Token, *parts: Token | t.Claim | None) -> t.Sizes:
        names = tuple(part.value for part in parts if isinstance(part, Token))
        claims = tuple(part for part in parts if isinstance(part, t.Claim))
        return t.Sizes(names, claims, span=span)

    def claim(self, span: Span, word: Token | None, condition: t.Expr) -> t.Claim:
        kinds: dict[str, t.ClaimKind] = {"accepts": "accepts", "only": "only"}
        return t.Claim(kinds[word.value] if word else "always", condition, span=span)

    def expect(self, span: Span, condition: t.Expr) -> t.Expect:
        return t.Expect(condition, span=span)

    # --- expressions ---------------------------------------------------------------------

    def choose(self, span: Span, value: t.Expr, condition: t.Expr, other: t.Expr) -> t.Choose:
        return t.Choose(value, condition, other, span=span)

    def either(self, span: Span, *operands: t.Expr) -> t.Logic:
        return t.Logic("or", operands, span=span)

    def both(self, span: Span, *operands: t.Expr) -> t.Logic:
        return t.Logic("and", operands, span=span)

    def invert(self, span: Span, operand: t.Expr) -> t.Unary:
        return t.Unary("not", operand, span=span)

    def comparison(self, span: Span, first: t.Expr, *rest: Any) -> t.Compare:
        pairs = tuple(
            (sign.value, operand) for sign, operand in zip(rest[::2], rest[1::2], strict=True)
        )
        return t.Compare(first, pairs, span=span)

    def binary(self, span: Span, left: t.Expr, sign: Any, right: t.Expr) -> t.Binary:
        return t.Binary(sign.value, left, right, span=span)

    def minus(self, span: Span, operand: t.Expr) -> t.Unary:
        return t.Unary("-", operand, span=span)

    def value(self, span: Span, place: t.Expr) -> t.Value:
        return t.Value(place, span=span)

    def index(self, span: Span, base: t.Expr, index: t.Expr) -> t.Index:
        return t.Index(base, index, span=span)

    def member(self, span: Span, base: t.Expr, name: Token) -> t.Member:
        return t.Member(base, name.value, span=span)

    def slice(self, span: Span, base: t.Expr, start: t.Expr | None, stop: t.Expr | None) -> t.Slice:
        return t.Slice(base, start, stop, span=span)

    def name(self, span: Span, *parts: Token) -> t.Name:
        return t.Name(tuple(part.value for part in parts), span=span)

    def apply(self, span: Span, function: t.Name, arguments: _Arguments) -> t.Apply:
        return t.Apply(function, arguments, span=span)

    def list(self, span: Span, *items: t.Expr) -> t.ListOf:
        return t.ListOf(items, span=span)

    def comprehension(
        self,
        span: Span,
        element: t.Expr,
        targets: tuple[t.Target, ...],
        iterable: t.Expr,
        condition: t.Expr | None,
    ) -> t.Comprehension:
        return t.Comprehension(element, targets, iterable, condition, span=span)

    def number(self, span: Span, token: Token) -> t.Number:
        try:
            value = read_number(token.value)
        except NumberRefused as refusal:
            self._sink.add(error("A007", str(refusal), span))
            value = 1
        return t.Number(value, span=span)

    def string(self, span: Span, token: Token) -> t.String | t.Template:
        template = self._template(token)
        if any(not isinstance(part, str) for part in template.parts):
            return template
        return t.String("".join(map(str, template.parts)), span=template.span)

    def true(self, span: Span) -> t.Boolean:
        return t.Boolean(True, span=span)

    def false(self, span: Span) -> t.Boolean:
        return t.Boolean(False, span=span)

    def none(self, span: Span) -> t.Nothing:
        return t.Nothing(span=span)

    def auto(self, span: Span) -> t.Auto:
        return t.Auto(span=span)

    # --- tokens --------------------------------------------------------------------------

    def _quoted_name(self, token: Token) -> t.Template:
        template = self._template(token)
        if not string_content(token.value)[0]:
            self._sink.add(error("A014", "a name cannot be empty", self._at(token)))
        return template

    def _template(self, token: Token) -> t.Template:
        content, quotes = string_content(token.value)
        start = token.start + quotes
        span = self._source.span(start, start + len(content))
        parts = read_template(span, self._interpolate, self._sink)
        return t.Template(parts, span=self._at(token))

    def _at(self, token: Token) -> Span:
        return span_of(self._source, token)


def _bottom_up(root: Raw) -> Iterator[Raw]:
    """Every part, those inside before those around them, from left to right."""
    parts, waiting = [], [root]
    while waiting:
        part = waiting.pop()
        parts.append(part)
        waiting += [child for child in part.children if isinstance(child, Raw)]
    return reversed(parts)


def _late_documentation(span: Span) -> Diagnostic:
    return error(
        "A015",
        "a string alone is documentation, and that comes first in a body",
        span,
        help="move it behind the opening brace, or write a comment",
    )


def _not_a_promise(span: Span) -> Diagnostic:
    return error(
        "A018",
        "the braces of an arch with `=` hold documentation and promises only",
        span,
        help="a network of its own is written `arch name { ... }`, without `=`",
    )
