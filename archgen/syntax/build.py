"""From Lark's tree to ours, bottom-up and without recursion. Looks at text, never at meaning."""

from __future__ import annotations

from typing import Any, NoReturn

from lark import Token, v_args
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive

from archgen.diagnostics import Diagnostic, Sink, error
from archgen.syntax import tree as t
from archgen.syntax.literals import (
    NumberRefused,
    read_documentation,
    read_number,
    string_content,
)
from archgen.syntax.templates import Interpolate, read_template
from archgen.syntax.tokens import begin_of, span_of
from archgen.text import Source, Span

_Params = tuple[t.Parameter, ...]
_Arguments = tuple[t.Argument, ...]


@v_args(meta=True, inline=True)
class Builder(Transformer_NonRecursive[Token, Any]):
    """One method a rule of the grammar. Reports what the grammar cannot say, and goes on."""

    def __init__(self, source: Source, sink: Sink, interpolate: Interpolate) -> None:
        super().__init__(visit_tokens=False)
        self._source = source
        self._sink = sink
        self._interpolate = interpolate

    def __default__(self, data: str, children: list[Any], meta: Meta) -> NoReturn:
        raise AssertionError(f"no method for the rule {data}")

    # --- top level -----------------------------------------------------------------------

    def file(self, meta: Meta, *items: t.Item | None) -> t.File:
        return t.File(tuple(filter(None, items)), span=self._source.span(0, len(self._source.text)))

    def expression(self, meta: Meta, expr: t.Expr) -> t.Expr:
        return expr

    def broken(self, meta: Meta, token: Token) -> None:
        """Stand for a statement or definition that was given up; its owner leaves it out."""

    def use(self, meta: Meta, target: Token, alias: Token | None) -> t.Use:
        quoted = target.type == "STRING"
        text = string_content(target)[0] if quoted else target.value
        return t.Use(text, quoted, alias and alias.value, span=self._span(meta))

    def let(self, meta: Meta, names: tuple[str, ...], value: t.Expr) -> t.Let:
        return t.Let(names, value, span=self._span(meta))

    def block(self, meta: Meta, name: Token, params: _Params | None, body: t.Body) -> t.Block:
        return t.Block(name.value, params or (), body, self._at(name), span=self._span(meta))

    def synonym(self, meta: Meta, name: Token, params: _Params | None, chain: t.Chain) -> t.Synonym:
        return t.Synonym(name.value, params or (), chain, self._at(name), span=self._span(meta))

    def arch(self, meta: Meta, name: Token, params: _Params | None, body: t.Body) -> t.Arch:
        return t.Arch(name.value, params or (), body, self._at(name), span=self._span(meta))

    def alias(
        self, meta: Meta, name: Token, params: _Params | None, call: t.Call, body: t.Body | None
    ) -> t.Alias:
        for statement in body.statements if body else ():
            if not isinstance(statement, t.Doc | t.Expect):
                self._sink.add(_not_a_promise(statement.span))
        return t.Alias(name.value, params or (), call, body, self._at(name), span=self._span(meta))

    def parameters(self, meta: Meta, *params: t.Parameter) -> _Params:
        return params

    def parameter(self, meta: Meta, name: Token, default: t.Expr | None) -> t.Parameter:
        return t.Parameter(name.value, default, span=self._span(meta))

    def names(self, meta: Meta, *names: Token) -> tuple[str, ...]:
        return tuple(name.value for name in names)

    # --- statements ----------------------------------------------------------------------

    def body(self, meta: Meta, *statements: t.Statement | None) -> t.Body:
        for statement in statements[1:]:
            if isinstance(statement, t.Doc):
                self._sink.add(_late_documentation(statement.span))
        return t.Body(tuple(filter(None, statements)), span=self._span(meta))

    def doc(self, meta: Meta, text: Token) -> t.Doc:
        return t.Doc(read_documentation(string_content(text)[0]), span=self._span(meta))

    def named(self, meta: Meta, *parts: Any) -> t.Named:
        *places, chain = parts
        return t.Named(tuple(places), chain, span=self._span(meta))

    def place(self, meta: Meta, name: Token, *indices: t.Expr) -> t.Place:
        written = self._quoted_name(name) if name.type == "STRING" else name.value
        return t.Place(written, indices, span=self._span(meta))

    def subscript(self, meta: Meta, index: t.Expr) -> t.Expr:
        return index

    def chain(self, meta: Meta, *links: t.Link) -> t.Chain:
        return t.Chain(links, span=self._span(meta))

    def call(self, meta: Meta, function: t.Name, arguments: _Arguments | None) -> t.Call:
        return t.Call(function, arguments or (), span=self._span(meta))

    def arguments(self, meta: Meta, *arguments: t.Argument) -> _Arguments:
        return arguments

    def argument(self, meta: Meta, name: Token | None, value: t.Expr) -> t.Argument:
        return t.Argument(name and name.value, value, span=self._span(meta))

    def merge(self, meta: Meta, word: Token, arguments: _Arguments | None, body: t.Body) -> t.Merge:
        return t.Merge(word.value, arguments or (), body, self._at(word), span=self._span(meta))

    def seq(self, meta: Meta, body: t.Body) -> t.Seq:
        return t.Seq(body, span=self._span(meta))

    def group(self, meta: Meta, body: t.Body) -> t.Group:
        return t.Group(body, span=self._span(meta))

    def from_(self, meta: Meta, place: t.Expr) -> t.From:
        return t.From(place, span=self._span(meta))

    def reuse(self, meta: Meta, place: t.Expr) -> t.Reuse:
        return t.Reuse(place, span=self._span(meta))

    def quoted(self, meta: Meta, name: Token) -> t.Template:
        return self._quoted_name(name)

    def if_(self, meta: Meta, *sides: Any) -> t.If:
        *arms, otherwise = sides
        return t.If(tuple(arms), otherwise, span=self._span(meta))

    def arm(self, meta: Meta, condition: t.Expr, body: t.Body) -> t.Arm:
        return t.Arm(condition, body, span=self._span(meta))

    def for_(self, meta: Meta, names: tuple[str, ...], items: t.Expr, body: t.Body) -> t.For:
        return t.For(names, items, body, span=self._span(meta))

    def output(self, meta: Meta, *places: t.Expr) -> t.Output:
        return t.Output(places, span=self._span(meta))

    def aux(self, meta: Meta, named: t.Named) -> t.Aux:
        return t.Aux(named, span=self._span(meta))

    def expect(self, meta: Meta, condition: t.Expr) -> t.Expect:
        return t.Expect(condition, span=self._span(meta))

    # --- expressions ---------------------------------------------------------------------

    def choose(self, meta: Meta, value: t.Expr, condition: t.Expr, other: t.Expr) -> t.Choose:
        return t.Choose(value, condition, other, span=self._span(meta))

    def either(self, meta: Meta, *operands: t.Expr) -> t.Logic:
        return t.Logic("or", operands, span=self._span(meta))

    def both(self, meta: Meta, *operands: t.Expr) -> t.Logic:
        return t.Logic("and", operands, span=self._span(meta))

    def invert(self, meta: Meta, operand: t.Expr) -> t.Unary:
        return t.Unary("not", operand, span=self._span(meta))

    def comparison(self, meta: Meta, first: t.Expr, *rest: Any) -> t.Compare:
        pairs = tuple(
            (sign.value, operand) for sign, operand in zip(rest[::2], rest[1::2], strict=True)
        )
        return t.Compare(first, pairs, span=self._span(meta))

    def binary(self, meta: Meta, left: t.Expr, sign: Token, right: t.Expr) -> t.Binary:
        return t.Binary(sign.value, left, right, span=self._span(meta))

    def minus(self, meta: Meta, operand: t.Expr) -> t.Unary:
        return t.Unary("-", operand, span=self._span(meta))

    def value(self, meta: Meta, place: t.Expr) -> t.Value:
        return t.Value(place, span=self._span(meta))

    def index(self, meta: Meta, base: t.Expr, index: t.Expr) -> t.Index:
        return t.Index(base, index, span=self._span(meta))

    def slice(self, meta: Meta, base: t.Expr, start: t.Expr | None, stop: t.Expr | None) -> t.Slice:
        return t.Slice(base, start, stop, span=self._span(meta))

    def name(self, meta: Meta, *parts: Token) -> t.Name:
        return t.Name(tuple(part.value for part in parts), span=self._span(meta))

    def apply(self, meta: Meta, function: t.Name, arguments: _Arguments) -> t.Apply:
        return t.Apply(function, arguments, span=self._span(meta))

    def list(self, meta: Meta, *items: t.Expr) -> t.ListOf:
        return t.ListOf(items, span=self._span(meta))

    def comprehension(
        self,
        meta: Meta,
        element: t.Expr,
        names: tuple[str, ...],
        iterable: t.Expr,
        condition: t.Expr | None,
    ) -> t.Comprehension:
        return t.Comprehension(element, names, iterable, condition, span=self._span(meta))

    def number(self, meta: Meta, token: Token) -> t.Number:
        try:
            value = read_number(token.value)
        except NumberRefused as refusal:
            self._sink.add(error("A007", str(refusal), self._span(meta)))
            value = 1
        return t.Number(value, span=self._span(meta))

    def string(self, meta: Meta, token: Token) -> t.String | t.Template:
        template = self._template(token)
        if any(not isinstance(part, str) for part in template.parts):
            return template
        return t.String("".join(map(str, template.parts)), span=template.span)

    def true(self, meta: Meta) -> t.Boolean:
        return t.Boolean(True, span=self._span(meta))

    def false(self, meta: Meta) -> t.Boolean:
        return t.Boolean(False, span=self._span(meta))

    def none(self, meta: Meta) -> t.Nothing:
        return t.Nothing(span=self._span(meta))

    def auto(self, meta: Meta) -> t.Auto:
        return t.Auto(span=self._span(meta))

    # --- tokens --------------------------------------------------------------------------

    def _quoted_name(self, token: Token) -> t.Template:
        template = self._template(token)
        if not string_content(token)[0]:
            self._sink.add(error("A014", "a name cannot be empty", self._at(token)))
        return template

    def _template(self, token: Token) -> t.Template:
        content, quotes = string_content(token)
        start = begin_of(token) + quotes
        span = self._source.span(start, start + len(content))
        parts = read_template(span, self._interpolate, self._sink)
        return t.Template(parts, span=self._at(token))

    def _span(self, meta: Meta) -> Span:
        return self._source.span(meta.start_pos, meta.end_pos)

    def _at(self, token: Token) -> Span:
        return span_of(self._source, token)


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
