"""The body that is being made: its values and nodes so far, the current value, its submodules.

Knows neither the text that it is made from nor what its values are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archgen.diagnostics import Fault, error
from archgen.network import (
    AuxValue,
    CallNode,
    Definition,
    LayerNode,
    Node,
    ParamNode,
    Ref,
    Returned,
)
from archgen.resolve.faults import no_input
from archgen.resolve.values import Several, TensorValue, Unknown
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.syntax.nameless import Numbered, stem
from archgen.text import Span

MOST_NODES = 20_000  # distinct ones, a repeat counts once; no live model may have more
LARGEST_VALUE = 2**40  # numbers: what no machine holds is a mistake


class Draft:
    """What becomes a `Body` when all its statements have run.

    values: the shape of each, None where a fault left it unknown. current: what the next link
    reads; several values behind a `split`, none before the first `input`.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.values: list[Shape | None] = []
        self.nodes: list[Node] = []
        self.aux: list[AuxValue] = []
        self.heads: set[str] = set()  # the names of their values
        self.inputs: list[Ref] = []
        self.input_names: list[str] = []
        self.current: tuple[Ref, ...] = ()
        self.children: dict[str, LayerNode | CallNode | ParamNode] = {}
        self.child_count = 0  # repeats counted
        self.counts: dict[str, int] = {}  # by stem, the last number of a nameless submodule
        self.returned: list[tuple[tree.Output, Returned]] = []  # one for each pass of a loop
        self.networks: dict[Ref, CallNode] = {}  # by value, the call of an arch that made it
        # What is read inside of them, by first result: by its place the path and the value.
        self.inside: dict[Ref, dict[tuple[object, ...], tuple[str, Ref]]] = {}
        self.forgotten: set[Ref] = set()  # results of theirs that nobody reads
        self.failed = False
        self._fields: dict[tuple[Ref, ...], Several] = {}

    @property
    def all_nodes(self) -> list[Node]:
        """Those that run in evaluation, then the training heads."""
        return [*self.nodes, *(aux.node for aux in self.aux)]

    # --- values ---------------------------------------------------------------------------------

    def add(self, shape: Shape | None) -> Ref:
        """A new value; `None` is a shape that a fault left unknown."""
        self.values.append(shape)
        return len(self.values) - 1

    def emit(self, node: Node) -> None:
        """Take a node in; what it makes is the current value."""
        self.nodes.append(node)
        if isinstance(node, CallNode) and node.body.is_network:
            self.networks.update(dict.fromkeys(node.outputs, node))
        self.current = node.outputs

    def lose(self) -> None:
        """After a fault: the current value exists, and nothing is known of it."""
        self.failed = True
        self.current = (self.add(None),)

    def ref(self, span: Span) -> Ref:
        """The one current value."""
        if len(self.current) == 1:
            return self.current[0]
        if not self.current:
            raise Fault(no_input(self.definition, "A113", "there is no value here yet", span))
        message = f"{len(self.current)} values come here, one is needed"
        raise Fault(error("A115", message, span, help="say which one: `from name`"))

    def shape(self, span: Span) -> Shape:
        """The shape of the current value. Raises `Unknown` after a fault."""
        return self.shape_of(self.ref(span))

    def shape_of(self, ref: Ref) -> Shape:
        """The shape of a value. Raises `Unknown` after a fault."""
        shape = self.values[ref]
        if shape is None:
            raise Unknown
        return shape

    def entered(self, span: Span) -> Shape:
        """The shape of the value that entered the body."""
        if not self.inputs:
            message = "`input` is not known before it is declared"
            raise Fault(no_input(self.definition, "A113", message, span))
        return self.shape_of(self.inputs[0])

    def tensor(self, ref: Ref) -> TensorValue:
        """A value of the network as a value of the language."""
        return TensorValue(ref, self.shape_of(ref))

    def remember_fields(self, refs: tuple[Ref, ...], names: Sequence[str]) -> None:
        """The names of the results of a block with several outputs."""
        tensors = (self.tensor(ref) for ref in refs)
        self._fields[refs] = Several(tuple(zip(names, tensors, strict=True)))

    def fields_of(self, refs: tuple[Ref, ...]) -> Several | None:
        return self._fields.get(refs)

    # --- submodules -----------------------------------------------------------------------------

    def count(self, link: Numbered) -> str:
        """Spend the next number of a link without a name; its name with it: `conv2`."""
        own = stem(link)
        self.counts[own] = number = self.counts.get(own, 0) + 1
        return f"{own}{number}"

    def adopt(self, node: LayerNode | CallNode | ParamNode) -> None:
        """Take a submodule in; its node has its final name."""
        if node.name in self.children:
            message = f"`{node.name}` is defined twice in one body"
            raise Fault(error("A103", message, node.span, help="give one of them a name"))
        self.children[node.name] = node
        self.child_count += 1

    def repeat_last(self, count: int) -> CallNode:
        """Let the last node stand for so many calls."""
        node = self.nodes[-1]
        assert isinstance(node, CallNode)
        self.nodes[-1] = self.children[node.name] = made = replace(node, count=count)
        self.child_count += count - 1
        return made


def check_size(shapes: Sequence[Shape], span: Span) -> None:
    """Refuse a value that no machine holds."""
    if any(shape.numel > LARGEST_VALUE for shape in shapes):
        message = "the value is too large"
        raise Fault(error("A403", message, span, " and ".join(map(str, shapes))))
