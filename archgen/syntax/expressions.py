"""Expressions of the syntax tree, as frozen values. Knows neither names' meanings nor shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Literal

from archgen.frozen import dataclass
from archgen.text import NOWHERE, Span

__all__ = [
    "Apply",
    "Argument",
    "Auto",
    "Binary",
    "Boolean",
    "Choose",
    "Compare",
    "Comprehension",
    "Constant",
    "Expr",
    "Index",
    "ListOf",
    "Logic",
    "Member",
    "Name",
    "Node",
    "Nothing",
    "Number",
    "Operation",
    "Slice",
    "String",
    "Target",
    "Template",
    "Unary",
    "Unpacking",
    "Value",
    "paths",
    "renamed",
    "written_targets",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """`64`, `1_000`, `25M`, `4.1G` (4_100_000_000): integers. `1.5`, `1e-5`: floats."""

    value: int | float


@dataclass(frozen=True, slots=True)
class String(Node):
    value: str


@dataclass(frozen=True, slots=True)
class Template(Node):
    """A quoted name: text and expressions in turn. `"p{i + 1}"` is ("p", i + 1)."""

    parts: tuple[str | Expr, ...]


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class Nothing(Node):
    """`none`."""


@dataclass(frozen=True, slots=True)
class Auto(Node):
    """`auto`."""


@dataclass(frozen=True, slots=True)
class Name(Node):
    """`width`, `input.channels`, `m.block`: parts between the dots."""

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Argument(Node):
    name: str | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """`divisible(x, by=8)`, `leaky_relu(0.1)`: a function, or a layer or block as a value."""

    function: Name
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    items: tuple[Expr, ...]


Target = str | tuple["Target", ...]
"""What `let`, `for` and a comprehension unpack: `i`, or `[a, b]`."""


def paths(targets: tuple[Target, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Every name with its place in what is unpacked: of `i, [a, b]` (0,), (1, 0) and (1, 1)."""
    yield from _paths(targets[0] if len(targets) == 1 else targets, ())


def _paths(target: Target, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    if isinstance(target, str):
        yield place, target
        return
    for at, inner in enumerate(target):
        yield from _paths(inner, (*place, at))


def renamed(targets: tuple[Target, ...], names: Iterator[str]) -> tuple[Target, ...]:
    """The same with other names, in order."""
    return tuple(next(names) if isinstance(each, str) else renamed(each, names) for each in targets)


def written_targets(targets: tuple[Target, ...], brackets: str = "[]") -> str:
    """`i, [a, b]` as text."""

    def write(target: Target) -> str:
        if isinstance(target, str):
            return target
        alone = "," if len(target) == 1 and brackets == "()" else ""  # as Python wants it
        return brackets[0] + written_targets(target, brackets) + alone + brackets[1]

    return ", ".join(map(write, targets))


class Unpacking:
    """A node that gives names to the parts of a value."""

    __slots__ = ()
    targets: tuple[Target, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of its names, in order."""
        return tuple(name for _, name in paths(self.targets))


@dataclass(frozen=True, slots=True)
class Comprehension(Unpacking, Node):
    """`[element for targets in iterable if condition]`."""

    element: Expr
    targets: tuple[Target, ...]
    iterable: Expr
    condition: Expr | None


@dataclass(frozen=True, slots=True)
class Index(Node):
    base: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class Slice(Node):
    base: Expr
    start: Expr | None
    stop: Expr | None


@dataclass(frozen=True, slots=True)
class Unary(Node):
    op: Literal["-", "not"]
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    op: Literal["+", "-", "*", "/", "//", "%", "**"]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`a < b <= c`: a first operand, then operators with theirs."""

    first: Expr
    rest: tuple[tuple[Literal["==", "!=", "<", "<=", ">", ">="], Expr], ...]


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`a and b and c`: two operands or more."""

    op: Literal["and", "or"]
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Choose(Node):
    """`value if condition else otherwise`."""

    value: Expr
    condition: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Value(Node):
    """`from x` in an expression. The place is a Name or Template, or an Index, Slice or Member of a
    place."""

    place: Expr


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`units[0].a` in a place: the result `a` of an item."""

    base: Expr
    name: str


Constant = Number | String | Template | Boolean | Nothing | Auto
Operation = Unary | Binary | Compare | Logic | Choose
Taking = Index | Slice | Member | Value
Expr = Constant | Name | Apply | ListOf | Comprehension | Operation | Taking
