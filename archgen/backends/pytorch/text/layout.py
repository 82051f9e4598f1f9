"""Python text in the layout of `ruff format` at 88 columns. Knows no networks.

A `Layout` is text that can be laid out in more than one way: flat, or broken over lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 88
STEP = 4


@dataclass(frozen=True, slots=True)
class Call:
    """`head(items)`; also a list or tuple display, with an empty head and other brackets.

    `forced`: one item a line even if it would fit on one (a trailing comma keeps it so).
    """

    head: str
    items: tuple[Layout, ...]
    brackets: str = "()"
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Generator:
    """`element for names in iterable`, without brackets of its own."""

    element: Layout
    clause: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Operands with an operator before all but the first: `a`, `and b`, `and c`.

    Breaks before each operator; brackets are added where nothing around has them.
    """

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefixed:
    """`kernel_size=` or `*` before a document."""

    prefix: str
    doc: Layout


@dataclass(frozen=True, slots=True)
class Chain:
    """Methods of a value, one after the other: `x.permute(0, 2, 1).flatten(1)`.

    Breaks before each method if it has two or more behind what is called.
    """

    head: Layout
    methods: tuple[str, ...]


Layout = str | Call | Generator | Operation | Prefixed | Chain


def flat(doc: Layout) -> str:
    """The document on one line."""
    match doc:
        case str():
            return doc
        case Call(head, items, brackets):
            inner = ", ".join(map(flat, items))
            comma = "," if _is_single(doc) else ""
            return f"{head}{brackets[0]}{inner}{comma}{brackets[1]}"
        case Generator(element, clause):
            return f"{flat(element)} {clause}"
        case Operation(parts):
            return " ".join(parts)
        case Prefixed(prefix, inner_doc):
            return prefix + flat(inner_doc)
        case Chain(head_doc, methods):
            return _called(head_doc) + "".join(methods)


def is_forced(doc: Layout) -> bool:
    """Whether the document must not stand on one line."""
    match doc:
        case str() | Operation():
            return False
        case Call(_, items, _, forced):
            return forced or any(map(is_forced, items))
        case Generator(element, _):
            return is_forced(element)
        case Prefixed(_, inner):
            return is_forced(inner)
        case Chain(head, _):
            return is_forced(head)


def statement(prefix: str, doc: Layout, indent: int, suffix: str = "") -> str:
    """A statement's lines: `prefix` (as `x = `), the document, `suffix` (as `:`)."""
    breaks = isinstance(doc, Operation) or (isinstance(doc, Chain) and len(_links(doc)) > 2)
    if breaks and not _fits(prefix + flat(doc) + suffix, indent):
        return _bracketed(prefix, doc, indent, suffix)
    pad = " " * indent
    return pad + prefix + lay_out(doc, indent, indent + len(prefix), len(suffix)) + suffix


def lay_out(doc: Layout, indent: int, column: int, tail: int) -> str:
    """The document from `column` on, with `tail` columns to be kept free after it."""
    one_line = flat(doc)
    if not is_forced(doc) and column + len(one_line) + tail <= WIDTH:
        return one_line
    match doc:
        case str():
            return doc
        case Prefixed(prefix, inner):
            return prefix + lay_out(inner, indent, column + len(prefix), tail)
        case Operation(parts):
            return _lines(parts, indent)
        case Chain():
            first, *rest = _links(doc)
            if len(rest) < 2:
                return one_line
            return _lines((_broken_call(first, indent), *rest), indent)
        case Generator(element, clause):
            return _lines((lay_out(element, indent, indent, 0), clause), indent)
        case Call(head, items, brackets):
            open_, close = brackets[0], brackets[1]
            body = _items(doc, items, indent + STEP)
            return f"{head}{open_}\n{body}\n{' ' * indent}{close}"


def _called(doc: Layout) -> str:
    """A document before a dot."""
    return f"({flat(doc)})" if isinstance(doc, Operation) else flat(doc)


def _links(doc: Chain) -> tuple[str, ...]:
    """The lines of a broken chain. The first method of a name stays with it."""
    head = _called(doc.head)
    if head.endswith((")", "]")):
        return head, *doc.methods
    return head + doc.methods[0], *doc.methods[1:]


def parameters(head: str, items: Sequence[str], tail: str, indent: int) -> str:
    """The first lines of a function: `def f(a, b) -> None:`."""
    return statement("", Call(head, tuple(items)), indent, tail)


def _items(doc: Call, items: tuple[Layout, ...], indent: int) -> str:
    pad = " " * indent
    together = ", ".join(map(flat, items))
    display = not doc.head and doc.brackets == "()"
    if not is_forced(doc) and not display and doc.brackets == "()" and _fits(together, indent):
        return pad + together
    if len(items) == 1 and not doc.forced and not _is_single(doc):
        return pad + lay_out(items[0], indent, indent, 0)
    return "\n".join(f"{pad}{lay_out(item, indent, indent, 1)}," for item in items)


def _is_single(doc: Call) -> bool:
    """A tuple of one, whose comma is not for show."""
    lone = len(doc.items) == 1 and not isinstance(doc.items[0], Generator)
    return lone and not doc.head and doc.brackets == "()"


def _bracketed(prefix: str, doc: Layout, indent: int, suffix: str) -> str:
    inner = indent + STEP
    pad = " " * indent
    body = lay_out(doc, inner, inner, 0)
    return f"{pad}{prefix}(\n{' ' * inner}{body}\n{pad}){suffix}"


def _broken_call(text: str, indent: int) -> str:
    """A call, its arguments in lines of their own if it is too long."""
    head, bracket, rest = text.partition("(")
    if _fits(text, indent) or not bracket or not text.endswith(")"):
        return text
    items, depth, start = [], 0, 0
    for at, sign in enumerate(rest[:-1]):
        depth += (sign in "([") - (sign in ")]")
        if depth < 0:
            return text
        if sign == "," and depth == 0:
            items.append(rest[start:at].strip())
            start = at + 1
    items.append(rest[start:-1].strip())
    return lay_out(Call(head, tuple(items)), indent, indent, 0)


def _lines(parts: Sequence[str], indent: int) -> str:
    return ("\n" + " " * indent).join(parts)


def _fits(text: str, indent: int) -> bool:
    return indent + len(text) <= WIDTH
