"""A body while it is being resolved: its values, nodes, names and numbers so far.

Knows what a body *is*; what the statements do to it is in `flow`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from archgen.diagnostics import Fault, Label, error
from archgen.frozen import dataclass
from archgen.layers.initialisers import Initialiser
from archgen.network import (
    AuxValue,
    CallNode,
    Definition,
    LayerNode,
    Node,
    ParamNode,
    Promise,
    Ref,
    Returned,
)
from archgen.resolve.expressions import evaluate, integer, render
from archgen.resolve.faults import no_input, several_in_item
from archgen.resolve.lookup import suggest
from archgen.resolve.spelling import check_spelling, check_submodule
from archgen.resolve.values import (
    Environment,
    Items,
    Several,
    TensorValue,
    Unknown,
    is_tensors,
    kind_of,
    pick,
)
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.syntax.nameless import Numbered, stem
from archgen.text import Span

if TYPE_CHECKING:
    from archgen.resolve.instances import Resolver

MOST_NODES = 20_000  # distinct ones, a repeat counts once; no live model may have more
LARGEST_VALUE = 2**40  # numbers: what no machine holds is a mistake

# Initialisers by kind of layer and name of the weight, as an `init` sets them.
InitTable = Mapping[tuple[str, str], Initialiser]
Tensor = TensorValue | Several | Items


@dataclass(frozen=True, slots=True)
class Child:
    """A submodule: its node, and how to apply it again to the then current value."""

    node: LayerNode | CallNode | ParamNode
    again: Callable[[Frame, Span], LayerNode | CallNode] | None


class Frame:
    """The state of one body. `sequential` frames make an `nn.Sequential` and number children."""

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
        self.init = dict(init)
        self.sequential = sequential
        self.values: list[Shape | None] = []
        self.nodes: list[Node] = []
        self.aux: list[AuxValue] = []
        self.headless = ""  # the place around, in which no training head may stand
        self.inputs: list[Ref] = []
        self.input_names: list[str] = []
        self.current: tuple[Ref, ...] = ()
        self.counts: dict[str, int] = {}
        self.children: dict[str, Child] = {}
        self.child_count = 0  # repeats counted
        self.learned: set[Ref] = set()  # values of `param`
        self.tensors: dict[str, Tensor] = {}
        self.lists: dict[str, dict[tuple[int, ...], TensorValue]] = {}
        self.places: dict[str, Span] = {}
        self.lost: set[str | None] = set()  # names whose statement failed; None: an unknown one
        self.returned: list[tuple[tree.Output, Returned]] = []  # one for each pass of a loop
        self.path_init: list[tuple[str, Initialiser, Span]] = []
        self.promises: list[Promise] = []
        self.parameters: dict[str, object] = {}
        self.arrivals: tuple[Shape, ...] = ()  # of an arch: the shapes that come, if known
        self.asked: Mapping[str | int, Shape] = {}  # of a network: sizes given from outside
        self.as_block = False  # an arch inside another body
        self.failed = False
        self._fields: dict[tuple[Ref, ...], Several] = {}
        self.env = Environment(
            names,
            definition.scope,
            self.shape,
            entered or self.entered,
            self.find,
            resolver.budget,
        )

    # --- values ---------------------------------------------------------------------------

    def add(self, shape: Shape | None) -> Ref:
        """A new value of the body; `None` is a shape that a fault left unknown."""
        self.values.append(shape)
        return len(self.values) - 1

    def emit(self, node: Node) -> None:
        self.resolver.spend_node(node.span, len(node.inputs) + len(node.outputs))
        self.nodes.append(node)
        if isinstance(node, ParamNode):
            self.learned.update(node.outputs)
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

    def check_size(self, shapes: Sequence[Shape], span: Span) -> None:
        """Refuse a value that no machine holds."""
        if any(shape.numel > LARGEST_VALUE for shape in shapes):
            message = "the value is too large"
            raise Fault(error("A403", message, span, " and ".join(map(str, shapes))))

    def remember_fields(self, refs: tuple[Ref, ...], names: Sequence[str]) -> None:
        """The names of the results of a block with several outputs."""
        tensors = (self.tensor(ref) for ref in refs)
        self._fields[refs] = Several(tuple(zip(names, tensors, strict=True)))

    def fields_of(self, refs: tuple[Ref, ...]) -> Several | None:
        return self._fields.get(refs)

    def repeat_last(self, count: int) -> CallNode:
        """Let the last node stand for so many calls."""
        node = self.nodes[-1]
        assert isinstance(node, CallNode)
        self.nodes[-1] = made = replace(node, count=count)
        self.child_count += count - 1
        self.children[node.name] = replace(self.children[node.name], node=made)
        return made

    def tensor(self, ref: Ref) -> TensorValue:
        return TensorValue(ref, self.shape_of(ref))

    # --- names of values --------------------------------------------------------------------

    def find(self, place: object) -> Tensor:
        """What `from place` names. Raises `Fault` if nothing does."""
        assert isinstance(place, tree.Name | tree.Template | tree.Index)
        if self.sequential:
            message = "`from` directly inside `seq` or a named chain"
            raise Fault(error("A117", message, place.span, help="make it a block"))
        match place:
            case tree.Template():
                name = render(place, self.env)
                return self._named(name, place.span)
            case tree.Name(parts=("input",)):
                return self._input(place.span)
            case tree.Name(parts=(name,)):
                return self._named(name, place.span)
            case tree.Name(parts=("input", name)) if name in self.input_names:
                return self.tensor(self.inputs[self.input_names.index(name)])
            case tree.Name(parts=(name, *rest)):
                return self._output(self._named(name, place.span), ".".join(rest), place.span)
            case tree.Index():
                return self._item(place)
        raise AssertionError(place)

    def _input(self, span: Span) -> Tensor:
        self.entered(span)
        return self.tensor(self.inputs[0])

    def _named(self, name: str, span: Span) -> Tensor:
        if name in {aux.name for aux in self.aux}:
            message = f"`{name}` is a training head, which evaluation does not run"
            raise Fault(error("A113", message, span, help="nothing but training reads a head"))
        if name in self.tensors:
            found = self.tensors[name]
            if isinstance(found, TensorValue):
                self.shape_of(found.ref)
            return found
        if name in self.lists:
            return self._list(name, (), span)
        value = self.env.names.get(name)
        if isinstance(value, TensorValue | Several) or is_tensors(value):
            return value  # type: ignore[return-value]
        if name in self.env.names:
            message = f"`{name}` is {kind_of(value)}, not a value of the network"
            raise Fault(error("A113", message, span))
        if self.lost & {name, None}:
            raise Unknown
        known = [*self.tensors, *self.lists, "input"]
        hint = suggest(name, known) or "a value is known after the statement that names it"
        raise Fault(error("A113", f"no value is called `{name}` here", span, help=hint))

    def _output(self, value: Tensor, name: str, span: Span) -> TensorValue:
        if isinstance(value, Several):
            if (found := value.get(name)) is not None:
                return found
            names = [field for field, _ in value.fields]
            hint = suggest(name, names) or f"it has: {', '.join(names)}"
            raise Fault(error("A113", f"there is no output `{name}`", span, help=hint))
        raise Fault(error("A113", f"one value has no output `{name}`", span))

    def _item(self, place: tree.Index) -> Tensor:
        base: tree.Expr = place
        indices: list[int] = []
        while isinstance(base, tree.Index):
            indices.insert(0, integer(base.index, self.env, "an index"))
            base = base.base
        if isinstance(base, tree.Name | tree.Template):
            name = base.parts[0] if isinstance(base, tree.Name) else render(base, self.env)
            if isinstance(name, str) and name in self.lists:
                return self._list(name, tuple(indices), place.span)
        found: object = self.find(base)
        for index in indices:
            found = pick(found, index, place.span)
        return found  # type: ignore[return-value]

    def _list(self, name: str, indices: tuple[int, ...], span: Span) -> Tensor:
        """A value of `names[i] = ...`, or all of those below an index, in order."""
        if self.lost & {name, None}:
            raise Unknown
        items = self.lists[name]
        if indices in items:
            self.shape_of(items[indices].ref)
            return items[indices]
        self.env.budget.spend(span, len(items) // 2)
        below = sorted(key for key in items if key[: len(indices)] == indices)
        if not below and name in self.places:  # a statement that would have named it failed
            raise Unknown
        if not below:
            at = "".join(f"[{index}]" for index in indices)
            known = ", ".join(f"{name}[{key[0]}]" for key in list(items)[:5])
            help_ = f"so far there are: {known}"
            raise Fault(error("A113", f"no value is called `{name}{at}` here", span, help=help_))
        heads = list(dict.fromkeys(key[len(indices)] for key in below))
        return Items.of((self._list(name, (*indices, head), span) for head in heads), span)

    def name_value(self, place: tree.Place, value: Tensor | Ref) -> str:
        """Give a value its name. The name as computed is returned (`up[0]`)."""
        name, indices = self.text_of(place)
        shown = self.shown_name(name, indices)
        self.claim(shown, place.span)
        tensor = self.maybe(value) if isinstance(value, int) else value
        if tensor is None:
            self.lost.add(name)
        elif not indices:
            self.tensors[name] = tensor
        elif isinstance(tensor, TensorValue):
            self.lists.setdefault(name, {})[indices] = tensor
        else:
            raise Fault(several_in_item(place))
        return shown

    def lose_name(self, place: tree.Place) -> None:
        """The name of a statement that failed exists, so that its readers stay silent."""
        if isinstance(place.name, str):
            self.lost.add(place.name)
            self.places.setdefault(place.name, place.span)
            return
        try:
            self.lost.add(render(place.name, self.env))
        except (Fault, Unknown):  # reported where the statement was run
            self.lost.add(None)

    def maybe(self, ref: Ref) -> TensorValue | None:
        shape = self.values[ref]
        return None if shape is None else TensorValue(ref, shape)

    def claim(self, name: str, span: Span) -> None:
        """A name of a value or submodule may be given once in a body."""
        self.check_free(name, span)
        self.places[name] = span

    def check_free(self, name: str, span: Span, child: str | None = None) -> None:
        """Refuse a name that a value has; or, for a new `child`, a nameless submodule."""
        if name in self.places:
            message = f"`{name}` is defined twice in one body"
            also = [Label(self.places[name], "first here")]
            hint = "give it another name, or none: the next step takes its value anyway"
            if self.places[name] == span:
                hint = "in a loop: number it, `names[i] = ...`"
            raise Fault(error("A103", message, span, also=also, help=hint))
        if child in self.children:
            message = f"a nameless layer above is called `{name}`"
            also = [Label(self.children[child].node.span, "this one")]
            hint = "give one of them another name"
            raise Fault(error("A103", message, span, also=also, help=hint))

    @staticmethod
    def shown_name(name: str, indices: Sequence[int]) -> str:
        return name + "".join(f"[{index}]" for index in indices)

    def text_of(self, place: tree.Place) -> tuple[str, tuple[int, ...]]:
        """The name and the indices of what stands left of `=`, computed."""
        quoted = isinstance(place.name, tree.Template)
        name = render(place.name, self.env) if isinstance(place.name, tree.Template) else place.name
        check_spelling(name, place.span, free=quoted and self.sequential)
        indices = tuple(integer(index, self.env, "an index") for index in place.indices)
        if any(index < 0 for index in indices):
            raise Fault(error("A109", "an index of a name is at least 0", place.span))
        return name, indices

    # --- submodules -------------------------------------------------------------------------

    def count(self, link: Numbered) -> str:
        """Spend the next number of a link without a name; its name with it: `conv2`."""
        own = stem(link)
        self.counts[own] = number = self.counts.get(own, 0) + 1
        return f"{own}{number}"

    def child_name(self, given: str | None, link: Numbered) -> str:
        """The attribute name for a submodule: the one given, else by its place.

        In a body: the stem and its number among the nameless. In a sequential frame: the
        number of children before it.
        """
        if given is not None:
            return given
        if self.sequential:
            return str(self.child_count)
        name = self.count(link)
        check_submodule(name, link.span)
        if name in self.children or name in self.places:
            message = f"the name `{name}` of this nameless layer is taken"
            also = [Label(self.places[name], "here")] if name in self.places else []
            help = f"name it: `... = {stem(link)}`"
            raise Fault(error("A103", message, link.span, also=also, help=help))
        return name

    def adopt(self, child: Child) -> None:
        """Take a submodule in; its node has its final name."""
        name = child.node.name
        if name in self.children:
            message = f"`{name}` is defined twice in one body"
            raise Fault(error("A103", message, child.node.span, help="give one of them a name"))
        self.children[name] = child
        self.child_count += 1

    @contextmanager
    def braces(self) -> Iterator[None]:
        """A `let` holds until the end of the braces, an `init` in them."""
        self.env.budget.left -= len(self.env.names) // 32  # copying them is work
        names, init = self.env.names, self.init
        self.env.names, self.init = dict(names), dict(init)
        try:
            yield
        finally:
            self.env.names, self.init = names, init

    def bind(self, names: Mapping[str, object]) -> None:
        """Make constants known until the end of the braces."""
        self.env.names.update(names)  # type: ignore[attr-defined]

    def value_of(self, expr: tree.Expr) -> object:
        return evaluate(expr, self.env)
