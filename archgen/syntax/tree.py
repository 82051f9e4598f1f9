"""The syntax tree: what a spec says, as frozen values. Knows neither names' meanings nor shapes.
Two trees are equal when they say the same; places (`span`) do not count."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from archgen.frozen import dataclass
from archgen.merges import MergeKind
from archgen.syntax.expressions import *  # noqa: F403  (its whole vocabulary is part of the tree)
from archgen.syntax.expressions import (
    Argument,
    Expr,
    Index,
    Name,
    Node,
    String,
    Target,
    Template,
    Unpacking,
)
from archgen.text import NOWHERE, Span

# --- statements --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`conv(64, 3)`, `relu`, `m.block(64)`: a layer, block or arch that is applied; `rules[0]`: one
    in a list."""

    function: Name
    arguments: tuple[Argument, ...] = ()
    indices: tuple[Expr, ...] = ()

    @property
    def callee(self) -> Expr:
        """What is applied, as an expression."""
        found: Expr = self.function
        for index in self.indices:
            found = Index(found, index, span=found.span.to(index.span))
        return found


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
    """`from x` as a statement or a link; the place as in `Value`."""

    place: Expr


@dataclass(frozen=True, slots=True)
class Reuse(Node):
    """`reuse name`, `reuse cell(h=from c.h)`."""

    place: Expr
    arguments: tuple[Argument, ...] = ()


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
class For(Unpacking, Node):
    targets: tuple[Target, ...]
    iterable: Expr
    body: Body


@dataclass(frozen=True, slots=True)
class Let(Unpacking, Node):
    targets: tuple[Target, ...]
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


ClaimKind = Literal["accepts", "only", "always"]


@dataclass(frozen=True, slots=True)
class Claim(Node):
    """Of the sizes where `condition` holds: "accepts": all are legal; "only": no others are;
    "always": it holds at all that are."""

    kind: ClaimKind
    condition: Expr


@dataclass(frozen=True, slots=True)
class Sizes(Node):
    """`sizes h, w { accepts h % 32 == 0; output == [64, h // 4, w // 4] }`."""

    names: tuple[str, ...]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Doc(Node):
    """The documentation string that opens a body."""

    text: str


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """`1e-6`, `(1 / sqrt(d))`: a number as a branch of a merge. A name is a `Call`."""

    value: Expr


Statement = Chain | Named | If | For | Let | Init | Output | Aux | Expect | Sizes | Doc | Scalar


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


@dataclass(frozen=True, slots=True)
class Fact(Node):
    """`output [out, shape[1], shape[2]]`, `param weight = [out]` (`key`), `macs 0`."""

    word: str
    key: str
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Extern(Node):
    """`extern NAME(params) = "package.module:Class"(...) { doc, facts }`."""

    name: str
    parameters: tuple[Parameter, ...]
    target: String
    arguments: tuple[Argument, ...]
    body: Facts
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Facts(Node):
    """What is between the braces of an `extern`; the span includes them."""

    statements: tuple[Fact | Doc, ...]

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(each for each in self.statements if isinstance(each, Fact))


Definable = Block | Synonym | Arch | Alias | Extern
Item = Use | Let | Definable


@dataclass(frozen=True, slots=True)
class File(Node):
    items: tuple[Item, ...]  # in the order of the text
