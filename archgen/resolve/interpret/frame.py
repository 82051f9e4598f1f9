"""One body while its statements run: what is being made, its names, and how its weights start.

Knows what a body *is*; what the statements do to it is in `statements` and what stands below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import Protocol

from archgen.diagnostics import Diagnostic, Fault, error
from archgen.diagnostics import Frame as Caller
from archgen.frozen import dataclass
from archgen.layers.initialisers import Initialiser
from archgen.network import (
    Body,
    CallNode,
    Definition,
    LayerNode,
    Node,
    ParamNode,
    Promise,
    Ref,
    Step,
)
from archgen.resolve.expressions import evaluate
from archgen.resolve.interpret.bindings import Bindings
from archgen.resolve.interpret.draft import Draft
from archgen.resolve.interpret.reading import Reading
from archgen.resolve.values import Budget, Environment
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import Span

# Initialisers by kind of layer and name of the weight, as an `init` sets them.
InitTable = Mapping[tuple[str, str], Initialiser]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a call of a block becomes: a body, or (a synonym of one layer) that layer."""

    body: Body | None = None
    layer: LayerNode | None = None
    shapes: tuple[Shape, ...] = ()  # of the layer's outputs


class Resolver(Protocol):
    """What a body asks of the resolver of its network, which stands above it."""

    budget: Budget
    reading: Reading
    parts: dict[tuple[object, ...], tuple[Body, list[int]]]  # networks cut to what is read of them

    def report(self, diagnostic: Diagnostic) -> None: ...
    def spend_node(self, span: Span, values: int) -> None: ...
    def implicit(self, link: tree.Group, name: str, frame: Frame) -> Definition: ...
    def call(
        self,
        definition: Definition,
        given: Mapping[str, object],
        entering: Shape,
        init: InitTable,
        caller: Caller,
    ) -> tuple[Resolved, tuple[Ref, ...]]: ...
    def run(self, frame: Frame, body: Sequence[tree.Statement]) -> tuple[Step, ...]: ...
    def run_one(self, frame: Frame, statement: tree.Statement) -> Step: ...


@dataclass(slots=True)
class Initialisers:
    """The `init`s that hold: by kind of layer and weight, and by paths inside of the body."""

    kinds: dict[tuple[str, str], Initialiser]
    paths: list[tuple[str, Initialiser, Span]] = field(default_factory=list)


Apply = Callable[["Frame", tree.Reuse], LayerNode | CallNode]


class Frame:
    """The three values of a body, and where it stands. `sequential` frames make an `nn.Sequential`
    and number their children.

    arrivals: the shapes of what comes; none for the network itself. asked: sizes of its inputs
    that were given from outside. headless: the place around, in which no training head may stand.
    again: how a submodule is applied once more (`reuse`), by its name.
    """

    def __init__(
        self,
        resolver: Resolver,
        definition: Definition,
        names: dict[str, object],
        init: InitTable,
        *,
        sequential: bool = False,
        entered: Callable[[Span], Shape] | None = None,
    ) -> None:
        self.resolver = resolver
        self.definition = definition
        self.sequential = sequential
        self.body = body = Draft(definition)
        self.env = Environment(
            names,
            definition.scope,
            body.shape,
            entered or body.entered,
            budget=resolver.budget,
        )
        self.names = Bindings(body, self.env, sequential=sequential)
        self.env.value = self.names.find
        self.init = Initialisers(dict(init))
        self.arrivals: tuple[Shape, ...] = ()
        self.asked: Mapping[str | int, Shape] = {}
        self.parameters: dict[str, object] = {}
        self.promises: list[Promise] = []
        self.headless = ""
        self.again: dict[str, Apply] = {}

    def run(self, statements: Sequence[tree.Statement]) -> tuple[Step, ...]:
        """Run the statements of a pair of braces, in order."""
        return self.resolver.run(self, statements)

    def emit(self, node: Node) -> None:
        """Take a node in, which is work; what it makes is the current value."""
        self.resolver.spend_node(node.span, len(node.inputs) + len(node.outputs))
        self.body.emit(node)

    def adopt(self, node: LayerNode | CallNode | ParamNode, again: Apply | None = None) -> None:
        """Take a submodule in, and how it is applied once more."""
        self.body.adopt(node)
        if again is not None:
            self.again[node.name] = again

    @contextmanager
    def braces(self) -> Iterator[None]:
        """A `let` holds until the end of the braces, an `init` in them."""
        self.env.budget.left -= len(self.env.names) // 32  # copying them is work
        names, kinds = self.env.names, self.init.kinds
        self.env.names, self.init.kinds = dict(names), dict(kinds)
        try:
            yield
        finally:
            self.env.names, self.init.kinds = names, kinds

    def bind(self, names: Mapping[str, object]) -> None:
        """Make constants known until the end of the braces."""
        self.env.names.update(names)  # type: ignore[attr-defined]

    def value_of(self, expr: tree.Expr) -> object:
        return evaluate(expr, self.env)


def only_in_body(frame: Frame, span: Span, what: str) -> None:
    """Refuse what an `nn.Sequential` cannot do."""
    if frame.sequential:
        message = f"{what} directly inside `seq` or a named chain"
        hint = "an `nn.Sequential` cannot do that: make it a block"
        raise Fault(error("A117", message, span, help=hint))
