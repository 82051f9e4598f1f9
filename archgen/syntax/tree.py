"""The syntax tree: what a spec says, as frozen values. Knows neither names' meanings nor shapes.
Two trees are equal when they say the same; places (`span`) do not count."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from archgen.frozen import dataclass
from archgen.merges import MergeKind
from archgen.text import NOWHERE, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False, repr=False)


# --- expressions -------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """`[element for names in iterable if condition]`."""

    element: Expr
    names: tuple[str, ...]
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
    """`from x` in an expression. The place is a Name, a Template, or an Index of one."""

    place: Expr


Constant = Number | String | Template | Boolean | Nothing | Auto
Operation = Unary | Binary | Compare | Logic | Choose
Expr = Constant | Name | Apply | ListOf | Comprehension | Index | Slice | Operation | Value


# --- statements --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`conv(64, 3)`, `relu`, `m.block(64)`: a layer, block or arch that is applied."""

    function: Name
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage(Node):
    """`stage(bottleneck, 256, n=3)`. The first argument is what it repeats."""

    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Input(Node):
    """`input(3, 224, 224)`: what an arch takes."""

    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Param(Node):
    """`param([64, 1, 1], init=zeros)`: a learned parameter, behind `name =`."""

    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge(Node):
    """`add { }`, `sub { }`, `concat(axis=1) { }`. `keyword` is the place of the word."""

    kind: MergeKind
    arguments: tuple[Argument, ...]
    body: Body
    keyword: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Seq(Node):
    """`seq { }`."""

    body: Body


@dataclass(frozen=True, slots=True)
class Group(Node):
    """`{ }` as a link: one step, or one branch. Alone after `name =`: a submodule's body."""

    body: Body


@dataclass(frozen=True, slots=True)
class From(Node):
    """`from x` as a statement or a link. The place is a Name, a Template, or an Index."""

    place: Expr


@dataclass(frozen=True, slots=True)
class Reuse(Node):
    """`reuse name`."""

    place: Expr


Link = Call | Stage | Input | Param | Merge | Seq | Group | From | Reuse


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """`a -> b -> c`: one link or more."""

    links: tuple[Link, ...]

    @property
    def behind_from(self) -> tuple[Link, ...]:
        """The links without a leading `from`: those that a name is for."""
        return self.links[1:] if isinstance(self.links[0], From) else self.links


@dataclass(frozen=True, slots=True)
class Place(Node):
    """What stands left of `=`: `fc`, `"layer{i}"`, `names[i][j]`."""

    name: str | Template
    indices: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Named(Node):
    """`fc = linear(10)`, `a, b = split(2)`."""

    places: tuple[Place, ...]
    chain: Chain


@dataclass(frozen=True, slots=True)
class Arm(Node):
    condition: Expr
    body: Body


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if` and `elif` arms in order; `otherwise` is the `else` side."""

    arms: tuple[Arm, ...]
    otherwise: Body | None

    @property
    def sides(self) -> tuple[Body, ...]:
        """The bodies that are written, that of `else` last."""
        bodies = tuple(arm.body for arm in self.arms)
        return bodies if self.otherwise is None else (*bodies, self.otherwise)


@dataclass(frozen=True, slots=True)
class For(Node):
    names: tuple[str, ...]
    iterable: Expr
    body: Body


@dataclass(frozen=True, slots=True)
class Let(Node):
    names: tuple[str, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class Init(Node):
    """`init(conv.weight, kaiming_normal)`: how weights start."""

    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Output(Node):
    """`output a, b`: places as in `From`."""

    places: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Aux(Node):
    named: Named


@dataclass(frozen=True, slots=True)
class Expect(Node):
    condition: Expr


@dataclass(frozen=True, slots=True)
class Doc(Node):
    """The documentation string that opens a body."""

    text: str


Statement = Chain | Named | If | For | Let | Init | Output | Aux | Expect | Doc


@dataclass(frozen=True, slots=True)
class Body(Node):
    """Statements between braces; the span includes the braces."""

    statements: tuple[Statement, ...]


# --- top level ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    name: str
    default: Expr | None


@dataclass(frozen=True, slots=True)
class Use(Node):
    """`use residual`, `use "blocks/mine.arch" as m` (`quoted`), `use arch resnet50` (`arch`)."""

    target: str
    quoted: bool
    alias: str | None
    arch: bool = False


@dataclass(frozen=True, slots=True)
class Block(Node):
    """`block NAME(params) { }`; `name_span` is the place of the name."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Body
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Synonym(Node):
    """`block NAME(params) = chain`."""

    name: str
    parameters: tuple[Parameter, ...]
    chain: Chain
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Arch(Node):
    """`arch NAME(params) { }`."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Body
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Alias(Node):
    """`arch NAME(params) = target(...) { doc, promises }`."""

    name: str
    parameters: tuple[Parameter, ...]
    call: Call
    body: Body | None
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


Definable = Block | Synonym | Arch | Alias
Item = Use | Let | Definable


@dataclass(frozen=True, slots=True)
class File(Node):
    items: tuple[Item, ...]  # in the order of the text
