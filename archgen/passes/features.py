"""Network -> network: the backbone that returns some of its values.

What nothing returned needs is left out, auxiliary heads too; what stays keeps its name, so that
the keys of the weights are some of those of the whole network. The text is not touched: a
statement that is left out has a silent step, and backends print what the steps say.

A feature inside a submodule becomes a further output of it. An `nn.Sequential` with several
outputs gives them in the order of its children.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from archgen.diagnostics import Diagnostic, Fault, Label, error
from archgen.network import (
    Applied,
    Body,
    CallNode,
    Initialiser,
    LayerNode,
    Network,
    Node,
    OutputValue,
    Ref,
)
from archgen.passes.places import Spot, find, maker
from archgen.passes.trim import trimmed
from archgen.resolve.interpret.finish import weight_sizes
from archgen.shapes import Shape
from archgen.text import Span
from archgen.validate import validated

SUFFIX = "_backbone"
RESERVED_FIELDS = frozenset({"count", "index"})  # methods of every tuple


def features(network: Network, names: Sequence[Span]) -> Network:
    """The network that returns these values, in this order, as a `NamedTuple`.

    A span's text is the name of a value (`layer3`, `ups[0]`) or the path of a node (`relu1`,
    `features.4`). Raises `Fault` for a name that is unknown, or that stands twice.
    """
    spots = [find(network.body, span) for span in names]
    fields = list(_fields(names))
    body, refs = cut(network.body, spots)
    outputs = tuple(map(OutputValue, fields, refs))
    body = replace(body, outputs=outputs, listed=False, named=True)
    asked = tuple(span.text for span in names)
    name = network.name if network.asked else network.name + SUFFIX  # a file of its own
    made = replace(network, name=name, body=body, promises=(), asked=asked)
    return validated(made, "the pass `features`")


def field_name(name: str) -> str:
    """The field of a feature: `layer3`, `features_4` for `features.4`, `ups_0` for `ups[0]`."""
    field = re.sub(r"\W+", "_", name.replace("]", ""), flags=re.ASCII)
    if field.startswith("_"):
        return f"f{field}"
    return f"{field}_" if keyword.iskeyword(field) or field in RESERVED_FIELDS else field


def _fields(names: Sequence[Span]) -> Iterator[str]:
    first: dict[str, Span] = {}
    for span in names:
        field = field_name(span.text)
        if field in first:
            raise Fault(_twice(span, first[field], field))
        first[field] = span
        yield field


def _twice(span: Span, first: Span, field: str) -> Diagnostic:
    also = [Label(first, "first here")]
    if span.text == first.text:
        return error("A126", f"the feature `{span.text}` is asked for twice", span, also=also)
    message = f"`{first.text}` and `{span.text}` would both be the field `{field}`"
    return error("A126", message, span, also=also, help="ask for one of them")


# --- cutting a body -----------------------------------------------------------------------------


def cut(body: Body, spots: Sequence[Spot]) -> tuple[Body, list[Ref]]:
    """A body with what these values need alone, its outputs not yet set; and the values in it."""
    body, spots = _apart(body, spots)
    body = _with_heads(body, [spot.node for spot in spots])
    values = list(body.values)
    refs = {spot: spot.value for spot in spots if spot.inner is None}
    needed = set(refs.values())
    kept: dict[int, Node] = {}
    first_uses = _first_uses(body)
    starts: list[tuple[str, Initialiser]] = []
    inside: dict[int, list[Spot]] = {}
    for spot in spots:
        if spot.inner is not None:
            inside.setdefault(id(spot.node), []).append(spot)
    for node in reversed(body.nodes):
        if id(node) in inside:
            tapped = _tapped(node, inside[id(node)], needed, values, refs)
            kept[id(node)] = _in_place(tapped, starts)
        elif needed.intersection(node.outputs):
            heads = isinstance(node, CallNode) and node.body.heads
            kept[id(node)] = _tapped(node, (), needed, values, refs) if heads else node
        else:
            continue
        needed.update(node.inputs)
        needed.update(first_uses.get(getattr(node, "name", ""), ()))
    body = replace(trimmed(body, kept), values=tuple(values), aux=(), heads=())
    init = tuple(each for each in (*starts, *body.path_init) if _has_weight(body, each[0]))
    return replace(body, path_init=init), [refs[spot] for spot in spots]


def _first_uses(body: Body) -> dict[str, tuple[Ref, ...]]:
    """What makes each submodule that is used again: that stays, though nothing may read it."""
    nodes = [node for node in body.nodes if isinstance(node, LayerNode | CallNode)]
    again = {node.name for node in nodes if node.reused}
    return {node.name: node.outputs for node in nodes if node.name in again and not node.reused}


def _has_weight(body: Body, path: str) -> bool:
    return weight_sizes(body.nodes, body.values, path) is not None


def _with_heads(body: Body, asked: Sequence[Node | None]) -> Body:
    """The body with those training heads that are asked for among what it always runs."""
    wanted = set(map(id, asked))
    heads = [aux.node for aux in body.aux if id(aux.node) in wanted]
    if not heads:
        return body
    nodes = sorted([*body.nodes, *heads], key=lambda node: node.outputs)
    return replace(body, nodes=tuple(nodes))


# --- features inside a call -----------------------------------------------------------------------


def _tapped(
    node: Node,
    inside: Sequence[Spot],
    needed: set[Ref],
    values: list[Shape],
    refs: dict[Spot, Ref],
) -> CallNode:
    """A call that gives the features inside it, and of its own results those that are needed.

    New values are added to `values`, and each feature's to `refs`.
    """
    assert isinstance(node, CallNode)
    callee = node.body
    old = [pair for pair in zip(callee.outputs, node.outputs, strict=True) if pair[1] in needed]
    own = [_result(callee, output) for output, _ in old]
    body, made = cut(callee, [*own, *(spot.inner for spot in inside if spot.inner)])
    found = [
        (OutputValue(output.name or "output", value), ref)
        for (output, ref), value in zip(old, made, strict=False)
    ]
    for spot, value in zip(inside, made[len(old) :], strict=True):
        assert spot.inner is not None
        known = [ref for output, ref in found if output.value == value]
        if not known:
            name = _free(field_name(spot.inner.name), [output.name for output, _ in found])
            values.append(body.values[value])
            known = [len(values) - 1]
            found.append((OutputValue(name, value), known[0]))
        refs[spot] = known[0]
    if callee.kind in {"sequential", "stage"}:
        places = [maker(body, output.value) for output, _ in found]
        order = {id(each): at for at, each in enumerate(body.nodes)}
        found = [found[at] for at in sorted(range(len(found)), key=lambda i: order[id(places[i])])]
    if len(found) == 1:
        found = [(OutputValue("", found[0][0].value), found[0][1])]
    outputs = tuple(output for output, _ in found)
    body = replace(body, outputs=outputs, listed=False)
    return replace(node, body=body, outputs=tuple(ref for _, ref in found))


def _in_place(node: CallNode, starts: list[tuple[str, Initialiser]]) -> CallNode:
    """A container that gives several values is written where it stands, and has no constructor
    that could say how its weights start: what it says is added to `starts`."""
    if node.body.kind not in {"sequential", "stage"}:
        return node
    starts += [(f"{node.name}.{path}", init) for path, init in node.body.path_init]
    return replace(node, body=replace(node.body, path_init=()))


def _result(body: Body, output: OutputValue) -> Spot:
    """A result of a body as what must stay in it."""
    node = maker(body, output.value)
    return Spot(output.name, node, output.value, getattr(node, "count", 1) - 1)


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name


# --- repeats --------------------------------------------------------------------------------------


def _apart(body: Body, spots: Sequence[Spot]) -> tuple[Body, list[Spot]]:
    """A stage whose repeats end where a feature is made; and the spots in it."""
    if body.kind != "stage" or all(_ends(spot) for spot in spots):
        return body, list(spots)
    values = list(body.values)
    nodes: list[LayerNode | CallNode] = []
    moved: dict[tuple[int, int], Node] = {}
    for node in body.nodes:
        assert isinstance(node, LayerNode | CallNode)
        last = getattr(node, "count", 1) - 1
        ends = {spot.offset for spot in spots if spot.node is node} | {last}
        if len(ends) > 1 and not nodes:
            ends.add(0)  # a stage's first call has arguments of its own
        start, before = 0, node.inputs[0]
        for end in sorted(ends):
            if end < last:
                values.append(values[node.outputs[0]])
            after = len(values) - 1 if end < last else node.outputs[0]
            piece = _piece(node, start, end, before, after)
            moved[id(node), end] = piece
            nodes.append(piece)
            start, before = end + 1, after
    steps = tuple(Applied(node, node.inputs[0], node.outputs[0]) for node in nodes)
    made = [moved[id(spot.node), spot.offset] for spot in spots]
    spots = [
        replace(spot, node=node, value=node.outputs[0], offset=0)
        for spot, node in zip(spots, made, strict=True)
    ]
    return replace(body, nodes=tuple(nodes), values=tuple(values), steps=steps), spots


def _ends(spot: Spot) -> bool:
    """Whether a spot is the last call of its node."""
    return spot.offset == getattr(spot.node, "count", 1) - 1


def _piece(
    node: LayerNode | CallNode, start: int, end: int, before: Ref, after: Ref
) -> LayerNode | CallNode:
    """The calls from `start` to `end` of a repeat."""
    if isinstance(node, LayerNode):
        return node
    name = str(int(node.name) + start)
    return replace(node, name=name, inputs=(before,), outputs=(after,), count=end - start + 1)
