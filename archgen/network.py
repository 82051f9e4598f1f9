"""The resolved network: the one data model that every backend and analysis reads.

A `Network` is a tree of `Body` values: the arch, the blocks it calls, and the containers
made in place (`name = a -> b`, `seq`, `stage`). A body is a straight-line program: `nodes`
in order of execution, each reading and writing numbered values; `values[i]` is the shape of
value `i`. Bodies are shared: two equal calls hold the *same* `Body` object, so that analyses
can remember their result by body (`traversal.fold`).

For backends that write source, a body also keeps its `steps`: for each statement of its
definition what became of it. `definition.body.statements[i]` became `steps[i]`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import field
from typing import Literal

from archgen.formula import Formula as Formula
from archgen.frozen import dataclass
from archgen.layers.base import Layer
from archgen.layers.initialisers import Initialiser as Initialiser
from archgen.merges import MergeKind
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import NOWHERE, Span

Ref = int  # the number of a value in its body


@dataclass(frozen=True, slots=True, eq=False)
class LayerNode:
    """A layer applied. `name` is the attribute of the body's module that holds it.

    `reused`: the submodule was made by an earlier node of that name (`reuse name`).
    """

    name: str
    layer: Layer
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    init: tuple[tuple[str, Initialiser], ...] = ()  # by name of the weight
    reused: bool = False
    span: Span = NOWHERE

    def operands(self) -> Iterator[tuple[str, Ref]]:
        """The further inputs whose numbers it reads, by field: of others the sizes alone count."""
        for name, ref in zip(self.layer.values(), self.inputs[1:], strict=True):
            if name in self.layer.operands:
                yield name, ref


@dataclass(frozen=True, slots=True, eq=False)
class CallNode:
    """A submodule with a body: a block, an arch, a chain, a `seq`, a `stage`.

    `inputs[0]` is the current value, the others are values given as arguments, in the order
    of `body.inputs`. `count` > 1 (only in `stage` and `seq` bodies): so many calls one after
    the other, each with a module and weights of its own, named by consecutive integers from
    `name`, input and output shapes equal.
    """

    name: str
    body: Body = field(repr=False)  # shared, so that its text would be written again and again
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    count: int = 1
    reused: bool = False
    span: Span = NOWHERE

    def names(self) -> Iterator[str]:
        """Those of all repeats."""
        if self.count == 1:
            yield self.name
            return
        first = int(self.name)
        yield from map(str, range(first, first + self.count))


@dataclass(frozen=True, slots=True, eq=False)
class MergeNode:
    """Values that come together (`add`, `concat`, ...); has no weights and no name.

    `numbers` are branches that are numbers: each with its place among all branches.
    """

    kind: MergeKind
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    axis: int = 0  # of `concat`, counted without the batch
    span: Span = NOWHERE
    numbers: tuple[tuple[int, int | float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ParamNode:
    """`name = param([...])`, `let name = buffer([...])`: a tensor of the body itself, as a value.

    `values` are what it holds from the start, else `init` fills it. A buffer is not `trainable`.
    """

    name: str
    sizes: tuple[int, ...]  # of the tensor, a leading 1 in the place of the batch among them
    init: Initialiser | None
    outputs: tuple[Ref, ...]
    inputs: tuple[Ref, ...] = ()
    span: Span = NOWHERE
    word: Literal["param", "buffer"] = "param"
    trainable: bool = True
    persistent: bool = True
    values: Formula | None = None

    @property
    def start(self) -> Hashable:
        """Equal for those that start alike."""
        return self.init if self.values is None else self.values.text


Node = LayerNode | CallNode | MergeNode | ParamNode


# --- steps: what became of each statement ---------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """A layer, block, stage, `seq`, `reuse` or `param`: one node. Also `name = { ... }`
    and a named chain (the container's own steps are in `node.body.steps`)."""

    node: LayerNode | CallNode | ParamNode
    before: Ref  # the current value before it
    after: Ref  # and after it (of several outputs, the first)


@dataclass(frozen=True, slots=True)
class Constant:
    """A branch of a merge that is a number."""

    value: int | float


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """A link that did nothing: `identity` in a body, or a layer value that is `none`."""

    before: Ref


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """`from x`: `value` became the current one (several, when the name holds several)."""

    values: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Chained:
    """A chain: a step for each link."""

    links: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """`{ ... }`: a step for each statement."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """A merge: a step for each statement in its braces, and its node."""

    node: MergeNode
    before: Ref
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NamedStep:
    """`name = chain`, `a, b = chain`: the step of the chain, and the names' values.

    Names are as they were computed (`layer3`, `up[0]`).
    """

    chain: Step
    names: tuple[str, ...]
    values: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """An `if`: which side was taken (index into arms; len(arms) for else; None: no side)."""

    arm: int | None
    steps: tuple[Step, ...]
    before: Ref
    after: Ref


@dataclass(frozen=True, slots=True, eq=False)
class Looped:
    """A `for`: for each pass the values of its names and its steps."""

    passes: tuple[tuple[tuple[object, ...], tuple[Step, ...]], ...]
    before: Ref
    after: Ref


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A `let`: the values of its names."""

    values: tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Returned:
    """`output a, b`: names and values; `listed`: those of one name that holds a list."""

    names: tuple[str, ...]
    values: tuple[Ref, ...]
    listed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Silent:
    """A statement without effect on the values: doc, expect, init, input(...) of an arch."""


Step = (
    Applied
    | Constant
    | Passed
    | Read
    | Chained
    | Grouped
    | Merged
    | NamedStep
    | Chosen
    | Looped
    | Bound
    | Returned
    | Silent
)


# --- definitions and bodies -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A block or arch as written, names bound.

    `parameters` of an implicit block (`name = { ... }`) are the free names of its text; they
    carry no defaults. A synonym's body holds its chain as the one statement.
    `scope` maps every name that its text may use from outside: layers (`type[Layer]`), other
    definitions, constants.
    """

    name: str
    kind: Literal["block", "arch", "implicit", "synonym", "alias"]
    parameters: tuple[tree.Parameter, ...]
    body: tree.Body = field(repr=False)
    doc: str
    scope: Mapping[str, object] = field(repr=False)
    span: Span
    parent: Definition | None = None  # of an implicit block: the definition it stands in
    own: tuple[tree.Parameter, ...] = ()  # of an alias: those that it does not pass through

    @property
    def chain(self) -> tree.Chain:
        """Of a synonym or alias: what it stands for."""
        chain = self.body.statements[0]
        assert isinstance(chain, tree.Chain)
        return chain

    @property
    def call(self) -> tree.Call:
        """Of an alias: the call that it stands for."""
        call = self.chain.links[0]
        assert isinstance(call, tree.Call)
        return call

    @property
    def target(self) -> Definition:
        """Of an alias: the arch or alias that it calls."""
        target = self.scope[self.call.function.text]
        assert isinstance(target, Definition)
        return target


@dataclass(frozen=True, slots=True, eq=False)
class OutputValue:
    name: str
    value: Ref


@dataclass(frozen=True, slots=True, eq=False)
class AuxValue:
    """A training head: `node` reads a value of the body and is run in training mode only.

    It is not among `body.nodes`: those are what runs in evaluation. In training its value is a
    result of the body, and of every body that calls this one (`heads_of`).
    """

    name: str
    node: LayerNode | CallNode


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One distinct call of a definition, or a container made in place.

    kind "block" (blocks and archs called as such, implicit blocks), "sequential" (named
    chains and `seq`: an `nn.Sequential`, children in `nodes` by name, no `definition`),
    "stage" (the same, made by `stage`). A node called `ups.0` is child 0 of an `nn.ModuleList`
    called `ups` of this body (`ups[0] = ...`).
    """

    kind: Literal["arch", "block", "sequential", "stage"]
    definition: Definition | None
    arguments: Mapping[str, object]  # every parameter with its value, defaults filled
    inputs: tuple[Ref, ...]  # first the current value; an arch with several inputs: all
    input_names: tuple[str, ...]  # "" for the nameless
    outputs: tuple[OutputValue, ...]  # one nameless, or those of `output`
    listed: bool  # `output xs`: the result is a list
    aux: tuple[AuxValue, ...]
    values: tuple[Shape, ...]
    nodes: tuple[Node, ...] = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    names: Mapping[str, Ref]  # named values, for features
    path_init: tuple[tuple[str, Initialiser], ...] = ()  # paths inside this body
    named: bool = False  # the result is a NamedTuple, of one value too
    heads: tuple[str, ...] = ()  # results in training besides: see `heads_of`

    @property
    def several(self) -> bool:
        """Whether the result is a NamedTuple or list."""
        return self.listed or self.named or len(self.outputs) > 1

    @property
    def is_network(self) -> bool:
        """Whether it is made of an arch, alone or as a part of another."""
        return self.definition is not None and self.definition.kind == "arch"

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """What runs in training: `nodes`, then those of the training heads."""
        return (*self.nodes, *(aux.node for aux in self.aux))

    def shape_in(self, node: Node) -> Shape:
        return self.values[node.inputs[0]]

    def shape_out(self, node: Node) -> Shape:
        return self.values[node.outputs[0]]


@dataclass(frozen=True, slots=True, eq=False)
class Promise:
    """An `expect` of the arch, to be verified with the network's figures."""

    condition: tree.Expr
    environment: object = field(repr=False)  # the resolver's, for its `evaluate`
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A resolved arch: its name, documentation, body and promises."""

    name: str
    doc: str
    body: Body
    promises: tuple[Promise, ...]
    spec: str  # file name of the spec, as shown to people
    digest: str  # sha256 of the texts it was made from
    parameters: Mapping[str, object]  # of the arch (an alias: its own and those of its target)
    defaults: bool  # all parameters have their default values
    span: Span
    settable: tuple[str, ...] = ()  # the parameters that can be given from outside
    hidden: frozenset[str] = frozenset()  # of the target, where an alias has one of the same name
    asked: tuple[str, ...] = ()  # the features that it was cut to, as they were asked for


def heads_of(body: Body) -> Iterator[tuple[str, Shape]]:
    """The results of a body that only training gives, by name: its own heads, then those of the
    blocks that it calls, which have the name of the call before them (`block1_head`)."""
    for aux in body.aux:
        yield aux.name, body.values[aux.node.outputs[0]]
    for node in body.nodes:
        if isinstance(node, CallNode) and node.body.heads:
            for name, shape in heads_of(node.body):
                yield head_name(node.name, name), shape


def head_name(call: str, head: str) -> str:
    """The name of a callee's head among the results of the caller."""
    return f"{call}_{head}".replace(".", "_")
