"""Names of features as people write them -> the values that they mean.

`layer3` and `ups[0]` are names of values, `relu1`, `features.4` and `encoder.ln` paths of nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from archgen.closest import suggest
from archgen.diagnostics import Fault, error
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode, Ref
from archgen.shapes import Shape
from archgen.text import Span

MOST_SHOWN = 8
MOST_DIGITS = 20  # of the number of a child
MOST_KNOWN = 10_000  # paths of a network grow with the product of its repeats


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A value of a body, or (`inner`) one inside a call that the body makes.

    `node` makes it (none makes an input), in the call number `offset` of a repeat; `name` is its
    path in the body.
    """

    name: str
    node: Node | None
    value: Ref
    offset: int = 0
    inner: Spot | None = None


def find(body: Body, span: Span) -> Spot:
    """The value that a span's text names. Raises `Fault`."""
    return _Search(span, span.text, "A126", body).inside(body, span.text)


def find_inside(body: Body, path: str, shown: str, span: Span) -> Spot:
    """The value at a path of a network that is a part of another; `shown` is the path from there.
    Training heads are none: a part does not run them. Raises `Fault`."""
    return _own(body, _Search(span, shown, "A113").inside(body, path))


def _own(body: Body, spot: Spot) -> Spot:
    """A spot as what the body itself makes, where a call in it gives that value anyway."""
    node = spot.node
    if spot.inner is None or not isinstance(node, CallNode):
        return spot
    inner = _own(node.body, spot.inner)
    if inner.inner is None and inner.offset == _last(inner.node):
        for output, ref in zip(node.body.outputs, node.outputs, strict=True):
            if output.value == inner.value and node.count == 1:
                return Spot(spot.name, node, ref)
    return replace(spot, inner=inner)


def place_of(spot: Spot) -> tuple[object, ...]:
    """The same for two spots of one body that mean one value."""
    rest = place_of(spot.inner) if spot.inner is not None else ()
    return (id(spot.node), spot.value, spot.offset, *rest)


def shape_at(body: Body, spot: Spot) -> Shape:
    """The shape of the value that a spot of this body means."""
    while spot.inner is not None:
        assert isinstance(spot.node, CallNode)
        body, spot = spot.node.body, spot.inner
    return body.values[spot.value]


def known(body: Body, prefix: str = "") -> Iterator[Spot]:
    """Every value that can be a feature, each once, in the order of computation; the first
    `MOST_KNOWN` of them.

    The children of a stage are left out: they are one block, again and again. `prefix` is the
    path of a body that is part of another, ending in a dot.
    """
    return islice(_known(body, heads=not prefix), MOST_KNOWN)


def _known(body: Body, *, heads: bool) -> Iterator[Spot]:
    named = {ref: name for name, ref in body.names.items()}
    applied = Counter(_name(node) for node in body.all_nodes)
    for node in body.all_nodes if heads else body.nodes:
        if isinstance(node, ParamNode):
            continue
        once = applied[_name(node)] == 1 and not isinstance(node, MergeNode)
        if once and isinstance(node, CallNode) and _is_entered(body, node):
            for inner in _known(node.body, heads=False):
                yield Spot(f"{node.name}.{inner.name}", node, -1, 0, inner)
        paths = list(_paths(node)) if once else []
        for at, ref in enumerate(node.outputs):
            if body.values[ref].batch != "all":
                continue
            if ref in named:
                yield Spot(named[ref], node, ref, _last(node))
            elif paths:
                yield Spot(paths[at], node, ref, _last(node))


def _paths(node: Node) -> Iterator[str]:
    """The paths of what a node makes: its own, or those of its outputs."""
    if len(node.outputs) == 1:
        yield _name(node)
    elif isinstance(node, CallNode):
        yield from (f"{node.name}.{output.name}" for output in node.body.outputs)


def _name(node: Node) -> str:
    return "" if isinstance(node, MergeNode) else node.name


def _last(node: Node | None) -> int:
    """The number of the last call of a node."""
    return node.count - 1 if isinstance(node, CallNode) else 0


def _is_entered(body: Body, node: CallNode) -> bool:
    """Whether the values inside a call are worth a name: those of a part of the network."""
    part = node.body.definition is not None and node.body.definition.kind == "implicit"
    return body.kind in {"arch", "block"} and (part or node.body.kind == "sequential")


def _is_applied_again(body: Body, node: Node) -> bool:
    return [_name(each) for each in body.all_nodes].count(_name(node)) > 1


def call_number(node: CallNode, name: str) -> int | None:
    """Which of the calls of a repeat a name of a child means; None if it means none."""
    if not (name.isascii() and name.isdigit()) or len(name) > MOST_DIGITS:
        return None
    number = int(name) - int(node.name)
    return number if name == str(int(name)) and 0 <= number < node.count else None


def maker(body: Body, value: Ref) -> Node | None:
    """The node that makes a value; none makes an input."""
    return next((node for node in body.all_nodes if value in node.outputs), None)


@dataclass(frozen=True, slots=True)
class _Search:
    span: Span
    text: str  # the path as it was asked for
    code: str
    root: Body | None = None  # whose training heads can be found

    def inside(self, body: Body, path: str) -> Spot:
        """The value at a path from this body on."""
        if path in body.names:
            value = body.names[path]
            return self._tensor(body, Spot(path, maker(body, value), value))
        node, head, offset = self._first(body, path)
        if head == path:
            return self._output(body, Spot(path, node, node.outputs[0], offset))
        if not isinstance(node, CallNode):
            raise self._fault(f"there is no `{path}` in `{head}`, which is a layer")
        tail = path.removeprefix(f"{head}.")
        for output, value in zip(node.body.outputs, node.outputs, strict=True):
            if output.name == tail:
                return Spot(path, node, value)
        self._check_enters(body, node, head)
        return Spot(path, node, -1, 0, self.inside(node.body, tail))

    def _first(self, body: Body, path: str) -> tuple[LayerNode | CallNode | ParamNode, str, int]:
        """The node that a path leads to or through, its name there, and the call of a repeat."""
        nodes = body.nodes if body is not self.root else body.all_nodes
        for node in nodes:
            if isinstance(node, MergeNode):
                continue
            if isinstance(node, CallNode) and node.count > 1:
                head, _, _ = path.partition(".")
                if (offset := call_number(node, head)) is not None:
                    return node, head, offset
            elif f"{path}.".startswith(f"{node.name}."):
                return node, node.name, 0
        raise self._unknown(body, path)

    def _output(self, body: Body, spot: Spot) -> Spot:
        """The result of a node, if that is one value."""
        node = spot.node
        assert isinstance(node, LayerNode | CallNode | ParamNode)
        if len(node.outputs) > 1:
            fields = [each.name for each in node.body.outputs] if isinstance(node, CallNode) else []
            listed = ", ".join(f"`{self.text}.{field}`" for field in fields if field)
            hint = f"ask for one of them: {listed}" if listed else "name one of them in the spec"
            raise self._fault(f"`{self.text}` has several values", hint)
        if _is_applied_again(body, node):
            hint = "name the values in the spec: `b = from right -> reuse a`"
            raise self._fault(f"`{self.text}` is applied several times", hint)
        return self._tensor(body, spot)

    def _tensor(self, body: Body, spot: Spot) -> Spot:
        if isinstance(spot.node, ParamNode):
            what = "parameter" if spot.node.word == "param" else "buffer"
            raise self._fault(f"`{self.text}` is a {what}, no value of the flow")
        if body.values[spot.value].batch != "all":
            raise self._fault(f"`{self.text}` is one value for all samples")
        return spot

    def _check_enters(self, body: Body, node: CallNode, head: str) -> None:
        """Refuse what lies inside a module that could not give a further value."""
        place = self._so_far(head)
        if body.kind in {"sequential", "stage"}:
            message = f"`{self.text}` lies inside a child of an `nn.Sequential`"
            raise self._fault(message, f"the whole child is `{place}`")
        if _is_applied_again(body, node):
            message = f"`{self.text}` lies inside a submodule that is applied several times"
            raise self._fault(message, "name the results in the spec, and ask for them")

    def _so_far(self, head: str) -> str:
        """The asked path up to and with a name in it."""
        parts = self.text.split(".")
        return ".".join(parts[: parts.index(head.split(".")[0]) + 1]) if head else head

    def _unknown(self, body: Body, path: str) -> Fault:
        start = self.text.removesuffix(path)
        names = [start + spot.name for spot in known(body, start)]
        hint = suggest(self.text, names)
        shown = ", ".join(f"`{name}`" for name in names[:MOST_SHOWN])
        more = ", ..." if len(names) > MOST_SHOWN else ""
        return self._fault(f"there is no value `{self.text}`", hint or f"there is {shown}{more}")

    def _fault(self, message: str, help: str | None = None) -> Fault:
        return Fault(error(self.code, message, self.span, help=help))
