"""The canonical text of a syntax tree: `parse(format(tree))` is the tree again.

What the author decided is kept where the places in the tree tell of it: whether a body or a list
begins on a new line, single blank lines, how a number is spelled. Comments find their way back by
their places: those among lines, arguments, items or steps stay there; others move above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Final, TypeGuard, assert_never

from archgen.syntax import tree as t
from archgen.syntax.format_comments import Comments, Entry, in_lines, opened, take_lines
from archgen.syntax.format_expression import Expressions, format_expression
from archgen.syntax.literals import write_string
from archgen.syntax.pretty import NEW_LINE, Doc, Group, Line, Nest, concat, join, render
from archgen.syntax.scan import Comment
from archgen.syntax.words import RESERVED
from archgen.text import NOWHERE, Span

__all__ = ["WIDTH", "format", "format_expression", "format_statement"]

WIDTH: Final = 100
_Node = t.Statement | t.Item | t.Fact | t.Claim


def format(tree: t.File, comments: Sequence[Comment] = ()) -> str:
    """Write a spec, with its comments."""
    text = render(_Formatter(comments).file(tree), WIDTH)
    return f"{text}\n" if text else ""


def format_statement(node: _Node) -> str:
    """Write one statement or definition, without a line end behind it."""
    return render(_Formatter(()).statement(node), WIDTH)


_WORDS: Final = {t.Block: "block", t.Synonym: "block", t.Extern: "extern"}


class _Formatter:
    """Makes the layout of each kind of node."""

    def __init__(self, comments: Sequence[Comment]) -> None:
        self._comments = Comments(comments)
        self._expressions = Expressions(self._comments)

    def file(self, tree: t.File) -> Doc:
        start, end = tree.span.start, tree.span.end
        return in_lines(_set_apart(self._comments.among(tree.items, start, end, self.statement)))

    def statement(self, node: _Node) -> Doc:
        match node:
            case t.Use(target=target, quoted=quoted, alias=alias):
                named = f" as {alias}" if alias is not None else ""
                if node.arch:
                    return f"use arch {target}{named}"
                return f"use {write_string(target) if quoted else target}{named}"
            case t.Let(targets=targets, value=value):
                return concat((f"let {t.written_targets(targets)} = ", self._write(value)))
            case t.Block(body=body) | t.Arch(body=body):
                return concat((self._head(node), " ", _braces(self._contents(body), broken=True)))
            case t.Synonym(chain=chain):
                return concat((self._head(node), " = ", self._chain(chain)))
            case t.Alias(call=call, body=body):
                head = concat((self._head(node), " = ", self._link(call)))
                return head if body is None else concat((head, " ", self._body(body)))
            case t.Extern():
                return self._extern(node)
            case t.Fact(word=word, key=key, values=values):
                said = f"{word} {_key(key)} = " if key else f"{word} "
                return concat((said, join(", ", map(self._write, values))))
            case t.Chain():
                return self._chain(node)
            case t.Named():
                return self._named(node)
            case t.Aux(named=head_for_training):
                return concat(("aux ", self._named(head_for_training)))
            case t.If():
                return self._if(node)
            case t.For(targets=targets, iterable=iterable, body=body):
                names = t.written_targets(targets)
                head = concat((f"for {names} in ", self._write(iterable), " "))
                return concat((head, self._body(body)))
            case t.Init():
                return self._applied("init", node)
            case t.Output(places=places):
                return concat(("output ", join(", ", map(self._write, places))))
            case t.Expect(condition=condition):
                return concat(("expect ", self._write(condition)))
            case t.Scalar(value=t.Number() as value):
                return self._write(value)
            case t.Scalar(value=value):
                return concat(("(", self._write(value), ")"))
            case t.Sizes(names=names, claims=claims, span=span):
                inside = self._comments.among(claims, span.start, span.end, self.statement)
                broken = take_lines(inside) or "\n" in span.text
                return Group(concat((f"sizes {', '.join(names)} ", _braces(inside, broken))))
            case t.Claim(kind=kind, condition=condition):
                return concat(("" if kind == "always" else f"{kind} ", self._write(condition)))
            case t.Doc(text=text):
                return _documentation(text)
            case _:
                assert_never(node)

    def _extern(self, node: t.Extern) -> Doc:
        body, end = node.body, node.target.span.end
        given: Doc = ""
        if node.arguments:
            given = self._expressions.arguments(node.arguments, end, body.span.start)
        inside = self._comments.among(
            body.statements, body.span.start + 1, body.span.end, self.statement
        )
        head = concat((self._head(node), " = ", write_string(node.target.value), given, " "))
        return concat((head, _braces(inside, broken=True)))

    def _named(self, node: t.Named) -> Doc:
        places = join(", ", map(self._expressions.place, node.places))
        return concat((places, " = ", self._chain(node.chain)))

    def _chain(self, chain: t.Chain) -> Doc:
        """Steps without braces in one line, or broken before each arrow."""
        links = chain.links
        steps = [self._link(link) for link in links]
        gaps = [self._comments.between(a.span.end, b.span.start) for a, b in pairwise(links)]
        if any(gaps):
            return _remarked_steps(links, steps, gaps)
        runs: list[Doc] = []
        for braced, run in groupby(zip(links, steps, strict=True), lambda it: _has_body(it[0])):
            docs = [step for _, step in run]
            runs.append(join(" -> ", docs) if braced else _steps(docs))
        return join(" -> ", runs)

    def _link(self, link: t.Link) -> Doc:
        match link:
            case t.Call():
                return self._applied(self._write(link.callee), link)
            case t.Stage():
                return self._applied("stage", link)
            case t.Input():
                return self._applied("input", link)
            case t.Param():
                return self._applied("param", link)
            case t.Merge(kind=kind, arguments=given, body=body, keyword=keyword):
                tail: Doc = ""
                if given:
                    tail = self._expressions.arguments(given, keyword.end, body.span.start)
                head = concat((kind, tail))
                return concat((head, " ", self._body(body)))
            case t.Seq(body=body):
                return concat(("seq ", self._body(body)))
            case t.Group(body=body):
                return self._body(body)
            case t.From(place=source):
                return concat(("from ", self._write(source)))
            case t.Reuse(place=source, arguments=given):
                tail = ""
                if given:
                    tail = self._expressions.arguments(given, source.span.end, link.span.end)
                return concat(("reuse ", self._write(source), tail))
            case _:
                assert_never(link)

    def _applied(self, word: Doc, node: t.Call | t.Stage | t.Input | t.Param | t.Init) -> Doc:
        if not node.arguments:
            return word
        start = node.span.start
        if isinstance(node, t.Call):
            start = node.callee.span.end
        elif isinstance(word, str):
            start += len(word)
        return concat((word, self._expressions.arguments(node.arguments, start, node.span.end)))

    def _if(self, node: t.If) -> Doc:
        """All sides in one line, or each of them in lines of its own."""
        words = ["if ", *([" elif "] * (len(node.arms) - 1))]
        heads = [
            concat((word, self._write(arm.condition), " "))
            for word, arm in zip(words, node.arms, strict=True)
        ]
        bodies = [arm.body for arm in node.arms]
        if node.otherwise is not None:
            heads.append(concat((" else ",)))
            bodies.append(node.otherwise)
        # A comment before an `elif` or `else` is about that side.
        gaps = [self._comments.between(a.span.end, b.span.start) for a, b in pairwise(bodies)]
        contents = [
            [replace(entry, behind=False) for entry in gap] + self._contents(body)
            for gap, body in zip([[], *gaps], bodies, strict=True)
        ]
        broken = any(map(_must_break, bodies, contents))
        sides = (
            concat((head, _braces(content, broken)))
            for head, content in zip(heads, contents, strict=True)
        )
        return Group(concat(sides))

    def _body(self, body: t.Body) -> Doc:
        contents = self._contents(body)
        return Group(_braces(contents, _must_break(body, contents)))

    def _contents(self, body: t.Body) -> list[Entry]:
        start, end = body.span.start + 1, body.span.end
        return self._comments.among(body.statements, start, end, self.statement)

    def _head(self, node: t.Definable) -> Doc:
        word = _WORDS.get(type(node), "arch")
        if not node.parameters:
            return f"{word} {node.name}"
        end = _inside(node).start
        known = self._expressions.parameters(node.parameters, node.name_span, end)
        return concat((f"{word} {node.name}", known))

    def _write(self, expr: t.Expr) -> Doc:
        return self._expressions.write(expr)


def _set_apart(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Put a blank line between definitions; short ones of a kind may stand together."""
    above: t.Node | None = None  # the definition that the last line belongs to
    for entry in entries:
        if above is not None and not entry.behind and _stand_apart(above, entry.node):
            entry = replace(entry, blank_before=True)
        if not entry.behind:
            above = entry.node
        yield entry


def _stand_apart(above: t.Node, below: t.Node | None) -> bool:
    """Whether what is below a definition (None: a comment) needs a blank line before it."""
    short = t.Use | t.Let | t.Synonym
    return not isinstance(above, short) or (below is not None and type(above) is not type(below))


def _must_break(body: t.Body, contents: Sequence[Entry]) -> bool:
    """Whether the author put a line end behind the brace, or the contents hold one."""
    if take_lines(contents):
        return True
    if body.span is NOWHERE or not body.statements or body.statements[0].span is NOWHERE:
        return False
    return "\n" in body.span.source.text[body.span.start : body.statements[0].span.start]


def _braces(contents: Sequence[Entry], broken: bool) -> Doc:
    if not contents:
        return "{}"
    if broken:
        return opened("{", contents, "}")
    inner = join(Line("; "), (entry.doc for entry in contents))
    return concat(("{", Nest(concat((Line(), inner))), Line(), "}"))


def _has_body(link: t.Link) -> TypeGuard[t.Merge | t.Seq | t.Group]:
    return isinstance(link, t.Merge | t.Seq | t.Group)


def _steps(steps: Sequence[Doc]) -> Doc:
    first, *others = steps
    return Group(concat((first, *(Nest(concat((Line(), "-> ", step))) for step in others))))


def _remarked_steps(
    links: Sequence[t.Link], steps: Sequence[Doc], gaps: Sequence[Sequence[Entry]]
) -> Doc:
    """Each step on a line, with the comments behind and above it; braces stay beside an arrow."""
    parts = [steps[0]]
    for (before, after), gap, step in zip(pairwise(links), gaps, steps[1:], strict=True):
        if not gap and (_has_body(before) or _has_body(after)):
            parts += [" -> ", step]
            continue
        lines = () if not gap or gap[0].behind else (NEW_LINE,)
        parts.append(Nest(concat((*lines, in_lines(gap), NEW_LINE, "-> ", step))))
    return concat(parts)


def _inside(node: t.Definable) -> Span:
    """The place of what is behind the `=` or in the braces."""
    match node:
        case t.Block(body=body) | t.Arch(body=body):
            return body.span
        case t.Synonym(chain=chain):
            return chain.span
        case t.Alias(call=call):
            return call.span
        case t.Extern(target=target):
            return target.span


def _key(key: str) -> str:
    plain = key.isascii() and key.isidentifier() and key not in RESERVED
    return key if plain else write_string(key)


def _documentation(text: str) -> Doc:
    """Quote it; later lines are indented with the body, and a last quote gets its own line."""
    ending = "\n" if text.endswith('"') else ""
    return join(NEW_LINE, write_string(text + ending).split("\n"))
