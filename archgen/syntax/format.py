"""The canonical text of a syntax tree: `parse(format(tree))` is the tree again.

What the author decided is kept where the places in the tree tell of it: whether a body stands in
one line, single blank lines, how a number is spelled. Comments find their way back by their
places: those of a body stay in it; one inside a statement moves above the statement.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeGuard, assert_never

from archgen.syntax import tree as t
from archgen.syntax.format_expression import (
    arguments,
    expression,
    format_expression,
    parameters,
    place,
)
from archgen.syntax.literals import write_string
from archgen.syntax.pretty import (
    NEW_LINE,
    Doc,
    Group,
    Line,
    Nest,
    Remark,
    concat,
    is_hard,
    join,
    render,
)
from archgen.syntax.scan import Comment
from archgen.text import NOWHERE, Span

__all__ = ["WIDTH", "format", "format_expression", "format_statement"]

WIDTH: Final = 100
_Node = t.Statement | t.Item


def format(tree: t.File, comments: Sequence[Comment] = ()) -> str:
    """Write a spec, with its comments."""
    text = render(_Formatter(comments).file(tree), WIDTH)
    return f"{text}\n" if text else ""


def format_statement(node: _Node) -> str:
    """Write one statement or definition, without a line end behind it."""
    return render(_Formatter(()).statement(node), WIDTH)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What takes a line of a body: a statement, or a comment (`node` is None)."""

    doc: Doc
    node: _Node | None
    blank_before: bool
    behind: bool  # a comment on the line of what is before it


class _Formatter:
    """Makes the layout of each kind of node; bodies take the comments that lie in them."""

    def __init__(self, comments: Sequence[Comment]) -> None:
        self._comments = sorted(comments, key=lambda comment: comment.span.start)
        self._starts = [comment.span.start for comment in self._comments]

    def file(self, tree: t.File) -> Doc:
        entries = self._entries(tree.items, tree.span, tree.span.start)
        return _in_lines(_set_apart(entries))

    def statement(self, node: _Node) -> Doc:
        match node:
            case t.Use(target=target, quoted=quoted, alias=alias):
                named = f" as {alias}" if alias is not None else ""
                return f"use {write_string(target) if quoted else target}{named}"
            case t.Let(names=names, value=value):
                return concat((f"let {', '.join(names)} = ", expression(value)))
            case t.Block(body=body) | t.Arch(body=body):
                return concat((_head(node), " ", _braces(self._contents(body), broken=True)))
            case t.Synonym(chain=chain):
                return concat((_head(node), " = ", self._chain(chain)))
            case t.Alias(call=call, body=body):
                head = concat((_head(node), " = ", self._link(call)))
                return head if body is None else concat((head, " ", self._body(body)))
            case t.Chain():
                return self._chain(node)
            case t.Named():
                return self._named(node)
            case t.Aux(named=head_for_training):
                return concat(("aux ", self._named(head_for_training)))
            case t.If():
                return self._if(node)
            case t.For(names=names, iterable=iterable, body=body):
                head = concat((f"for {', '.join(names)} in ", expression(iterable), " "))
                return concat((head, self._body(body)))
            case t.Output(places=places):
                return concat(("output ", join(", ", map(expression, places))))
            case t.Expect(condition=condition):
                return concat(("expect ", expression(condition)))
            case t.Doc(text=text):
                return _documentation(text)
            case _:
                assert_never(node)

    def _named(self, node: t.Named) -> Doc:
        return concat((join(", ", map(place, node.places)), " = ", self._chain(node.chain)))

    def _chain(self, chain: t.Chain) -> Doc:
        """Steps without braces in one line, or broken before each arrow."""
        runs: list[Doc] = []
        for braced, links in groupby(chain.links, _has_body):
            steps = [self._link(link) for link in links]
            runs.append(join(" -> ", steps) if braced else _steps(steps))
        return join(" -> ", runs)

    def _link(self, link: t.Link) -> Doc:
        match link:
            case t.Call(function=function, arguments=given):
                return concat((function.text, arguments(given))) if given else function.text
            case t.Merge(kind=kind, arguments=given, body=body):
                head = concat((kind, arguments(given))) if given else kind
                return concat((head, " ", self._body(body)))
            case t.Seq(body=body):
                return concat(("seq ", self._body(body)))
            case t.Group(body=body):
                return self._body(body)
            case t.From(place=source):
                return concat(("from ", expression(source)))
            case t.Reuse(place=source):
                return concat(("reuse ", expression(source)))
            case _:
                assert_never(link)

    def _if(self, node: t.If) -> Doc:
        """All sides in one line, or each of them in lines of its own."""
        words = ["if ", *([" elif "] * (len(node.arms) - 1))]
        heads = [
            concat((word, expression(arm.condition), " "))
            for word, arm in zip(words, node.arms, strict=True)
        ]
        bodies = [arm.body for arm in node.arms]
        if node.otherwise is not None:
            heads.append(concat((" else ",)))
            bodies.append(node.otherwise)
        contents = [self._contents(body) for body in bodies]
        broken = any(map(_must_break, bodies, contents))
        sides = (
            concat((head, _braces(content, broken)))
            for head, content in zip(heads, contents, strict=True)
        )
        return Group(concat(sides))

    def _body(self, body: t.Body) -> Doc:
        contents = self._contents(body)
        return Group(_braces(contents, _must_break(body, contents)))

    def _contents(self, body: t.Body) -> list[_Entry]:
        return self._entries(body.statements, body.span, body.span.start + 1)

    # What stands in a body: statements, and the comments that are in none of their own bodies.

    def _entries(self, nodes: Sequence[_Node], within: Span, at: int) -> list[_Entry]:
        entries: list[_Entry] = []
        comments = self._own_comments(nodes, within)
        for node in nodes:
            while comments and comments[0].span.start < node.span.start:
                comment = comments.pop(0)
                entries.append(_comment_entry(comment, at))
                at = comment.span.end
            inside = [comment for comment in comments if comment.span.start < node.span.end]
            del comments[: len(inside)]
            blank = _has_blank_line(node.span, at)
            entries += [
                _Entry(one.text, None, blank and not i, False) for i, one in enumerate(inside)
            ]
            entries.append(_Entry(self.statement(node), node, blank and not inside, False))
            at = node.span.end
        for comment in comments:
            entries.append(_comment_entry(comment, at))
            at = comment.span.end
        return entries

    def _own_comments(self, nodes: Iterable[_Node], within: Span) -> list[Comment]:
        own: list[Comment] = []
        at = within.start
        for body in (body for node in nodes for body in _bodies(node)):
            own += self._between(at, body.span.start)
            at = body.span.end
        return own + self._between(at, within.end)

    def _between(self, start: int, end: int) -> list[Comment]:
        return self._comments[bisect_left(self._starts, start) : bisect_left(self._starts, end)]


def _comment_entry(comment: Comment, at: int) -> _Entry:
    """`at` is where what is before the comment ends."""
    behind = "\n" not in comment.span.source.text[at : comment.span.start] and at > 0
    return _Entry(comment.text, None, _has_blank_line(comment.span, at), behind)


_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")


def _has_blank_line(span: Span, since: int) -> bool:
    if span is NOWHERE:
        return False
    return _BLANK_LINE.search(span.source.text, since, span.start) is not None


def _set_apart(entries: Sequence[_Entry]) -> Iterator[_Entry]:
    """Put a blank line between definitions; short ones of a kind may stand together."""
    above: _Node | None = None  # the definition that the last line belongs to
    for entry in entries:
        if above is not None and not entry.behind and _stand_apart(above, entry.node):
            entry = _Entry(entry.doc, entry.node, True, False)
        if not entry.behind:
            above = entry.node
        yield entry


def _stand_apart(above: _Node, below: _Node | None) -> bool:
    """Whether what is below a definition (None: a comment) needs a blank line before it."""
    short = t.Use | t.Let | t.Synonym
    return not isinstance(above, short) or (below is not None and type(above) is not type(below))


def _in_lines(entries: Iterable[_Entry]) -> Doc:
    parts: list[Doc] = []
    for entry in entries:
        if entry.behind:
            parts.append(Remark(f"  {entry.doc}"))
            continue
        if parts:
            parts += [NEW_LINE, NEW_LINE] if entry.blank_before else [NEW_LINE]
        parts.append(entry.doc)
    return concat(parts)


def _must_break(body: t.Body, contents: Sequence[_Entry]) -> bool:
    """Whether the author put a line end behind the brace, or the contents hold one."""
    if any(entry.node is None or is_hard(entry.doc) for entry in contents):
        return True
    if body.span is NOWHERE or not body.statements or body.statements[0].span is NOWHERE:
        return False
    return "\n" in body.span.source.text[body.span.start : body.statements[0].span.start]


def _braces(contents: Sequence[_Entry], broken: bool) -> Doc:
    if not contents:
        return "{}"
    if not broken:
        inner = join(Line("; "), (entry.doc for entry in contents))
        return concat(("{", Nest(concat((Line(), inner))), Line(), "}"))
    remark: Doc = ""
    if contents[0].behind:
        remark, contents = Remark(f"  {contents[0].doc}"), contents[1:]
    lines = (NEW_LINE, _in_lines(contents)) if contents else ()
    return concat(("{", remark, Nest(concat(lines)), NEW_LINE, "}"))


def _bodies(node: _Node) -> Iterator[t.Body]:
    """Give the bodies directly in a statement or definition, in the order of the text."""
    match node:
        case t.Block(body=body) | t.Arch(body=body) | t.For(body=body):
            yield body
        case t.Alias(body=promises):
            if promises is not None:
                yield promises
        case t.If(arms=arms, otherwise=otherwise):
            yield from (arm.body for arm in arms)
            if otherwise is not None:
                yield otherwise
        case t.Synonym(chain=chain) | t.Named(chain=chain):
            yield from _bodies(chain)
        case t.Aux(named=named):
            yield from _bodies(named)
        case t.Chain(links=links):
            yield from (link.body for link in links if _has_body(link))
        case t.Use() | t.Let() | t.Output() | t.Expect() | t.Doc():
            return
        case _:
            assert_never(node)


def _has_body(link: t.Link) -> TypeGuard[t.Merge | t.Seq | t.Group]:
    return isinstance(link, t.Merge | t.Seq | t.Group)


def _steps(steps: Sequence[Doc]) -> Doc:
    first, *others = steps
    return Group(concat((first, *(Nest(concat((Line(), "-> ", step))) for step in others))))


def _head(node: t.Block | t.Synonym | t.Arch | t.Alias) -> Doc:
    word = "block" if isinstance(node, t.Block | t.Synonym) else "arch"
    known = parameters(node.parameters) if node.parameters else ""
    return concat((f"{word} {node.name}", known))


def _documentation(text: str) -> Doc:
    """Quote it; later lines are indented with the body, and a last quote gets its own line."""
    ending = "\n" if text.endswith('"') else ""
    return join(NEW_LINE, write_string(text + ending).split("\n"))
